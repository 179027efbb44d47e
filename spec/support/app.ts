import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Express } from 'express';
import passport from 'passport';
import type { LaunchKeyStrategy } from 'passport-launchkey';
import { onTestFinished } from 'vitest';

/** How Passport saw a login end. */
export interface Seen {
  error?: { name: string; message: string; code?: string };
  user?: { id: string } | false;
  info?: { message: string; code: string; status: number; [more: string]: unknown };
  status?: number;
}

/** An address to be served at, for what must be known before the application is made. */
export interface Place {
  url: string;
  serve(app: Express): void;
}

/** A free port; it is closed when the test is finished. */
export async function takePlace(): Promise<Place> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    serve: (app) => {
      server.on('request', app);
    },
  };
}

/** An Express application on a free port; it is closed when the test is finished. */
export async function serve(app: Express): Promise<string> {
  const place = await takePlace();
  place.serve(app);
  return place.url;
}

/**
 * An application whose `POST /login` answers with what Passport hands to a custom callback, and
 * whose `/callback` takes the engine's events.
 */
export function loginApp(strategy: LaunchKeyStrategy, authenticateOptions: object = {}): Express {
  const auth = new passport.Passport();
  const app = express();
  app.use(express.urlencoded({ extended: true }), express.json());
  app.all('/callback', strategy.callback());
  app.post('/login', (req, res, next) => {
    const answer = (error: Error | null, user: unknown, info: unknown, status: unknown) =>
      error
        ? res.json({
            error: { name: error.name, message: error.message, code: Reflect.get(error, 'code') },
          })
        : res.json({ user, info, status });
    auth.authenticate(strategy, authenticateOptions, answer)(req, res, next);
  });
  return app;
}

/** Posts a login form; `signal` stands for the user who closes the page. */
export async function logIn(
  url: string,
  form: Record<string, string> = { username: 'alice' },
  signal?: AbortSignal,
): Promise<Seen> {
  const response = await fetch(`${url}/login`, {
    method: 'POST',
    body: new URLSearchParams(form),
    signal,
  });
  return (await response.json()) as Seen;
}

/** An event as the engine sends it: POST, parameters in the query, empty body. */
export async function sendEvent(
  url: string,
  params: Record<string, string>,
): Promise<{ status: number; body: string; headers: IncomingHttpHeaders }> {
  const target = new URL(url);
  for (const [name, value] of Object.entries(params)) target.searchParams.set(name, value);
  return new Promise((resolve, reject) => {
    const sent = request(target, { method: 'POST' }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body, headers: response.headers }),
      );
    });
    sent.on('error', reject);
    sent.end();
  });
}
