/*
 * What the examples of the documents use without declaring it: the objects of an application that a
 * page has introduced before. An example that declares a name of its own hides the one from here.
 */
import 'express-session';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server as Connect } from 'connect';
import type { Application, Request, RequestHandler } from 'express';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Engine } from 'launchkey-engine';
import type passportModule from 'passport';
import type {
  LaunchKeyClient,
  LaunchKeyStrategy,
  LaunchKeyStrategyOptionsWithoutRequest,
  Store,
  VerifyFunction,
} from 'passport-launchkey';

type Fields = Record<string, unknown>;

type FastifyHandler = (
  request: FastifyRequest<{ Querystring: Fields; Body: Fields | undefined }>,
  reply: FastifyReply,
) => unknown;

declare global {
  const app: Application;
  const connectApp: Connect;
  /** With parameters that are objects, where a plain one leaves their type open. */
  const fastify: Omit<FastifyInstance, 'route' | 'get' | 'post'> &
    Record<'get' | 'post', (url: string, handler: FastifyHandler) => unknown> & {
      route(options: { method: string[]; url: string; handler: FastifyHandler }): unknown;
    };
  const passport: typeof passportModule;
  const strategy: LaunchKeyStrategy;
  const client: LaunchKeyClient;
  const engine: Engine;
  const store: Store;
  /** A store of the application's own. */
  const SqlStore: new (options: { schema: string }) => Store;
  const requireLogin: RequestHandler;
  const verify: VerifyFunction;
  /** The engine's address and the application's credentials. */
  const credentials: Pick<
    LaunchKeyStrategyOptionsWithoutRequest,
    'apiBaseUrl' | 'appKey' | 'secretKey' | 'privateKey'
  >;
  const morgan: { token(name: string, read: (req: Request) => string): unknown };
  const signToken: (claims: object) => string;
  const readToken: (header: string | undefined) => { user: string; launchkey: string };
  const logger: { info(details: unknown, message?: string): void; error(details: unknown): void };
  const histogram: { record(value: number, labels: object): void };
  /** The application's table of users. */
  const users: {
    findByUserHash(userHash: string): Promise<Express.User | undefined>;
    findByEmail(
      email: string,
    ): Promise<{ phoneName: string; userHash: string | undefined } | undefined>;
    /** `false` where the user hash belongs to another account. */
    link(id: string, userHash: string): Promise<boolean>;
  };
  /** A request and a response of any host. */
  const req: IncomingMessage & { session: object };
  const res: ServerResponse;

  namespace Express {
    interface User {
      id: string;
      name: string;
    }
  }
}

declare module 'express-session' {
  interface SessionData {
    messages?: string[];
  }
}
