import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect as connectTo } from 'node:net';
import connect from 'connect';
import express from 'express';
import { LaunchKeyStrategy } from 'passport-launchkey';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { EventParameters } from '../../lib/client/events.js';
import type { EventResult } from '../../lib/login/events.js';
import { callbackHandler } from '../../lib/web/callback.js';
import { sendEvent, serve } from '../support/app.js';
import { recordingStrategy, startWorld } from '../support/world.js';

// Express 4 is installed under another name and has no types.
const express4: typeof express = (await import('express4' as string)).default;

const PARAMS = { auth: 'a+b/c==', auth_request: 'request', user_hash: 'hash & more' };

/** A handler that records its arguments. */
async function receiver(status: EventResult['status'] = 200, ...parsers: express.Handler[]) {
  const got: EventParameters[] = [];
  const handler = callbackHandler(async (params) => {
    got.push(params);
    return { status };
  });
  const app = express();
  app.use(...parsers, (_req, _res, next) => next());
  app.all('/callback', handler);
  return { got, url: `${await serve(app)}/callback` };
}

describe('callback()', () => {
  const form = () => new URLSearchParams(PARAMS);
  const json = () => JSON.stringify(PARAMS);
  const asJson = { 'content-type': 'application/json' };

  it.each<[string, express.Handler[]]>([
    ['without a body parser', []],
    ['after the body parsers', [express.json(), express.urlencoded({ extended: true })]],
    ['after parsers that keep it raw', [express.raw({ type: () => true })]],
    ['after parsers that keep it as text', [express.text({ type: () => true })]],
  ])('accepts an event as query or body %s', async (_where, parsers) => {
    const { got, url } = await receiver(200, ...parsers);
    const requests: [string, RequestInit][] = [
      [`${url}?${form()}`, { method: 'GET' }],
      [`${url}?${form()}`, { method: 'POST' }],
      [url, { method: 'POST', body: form() }],
      [url, { method: 'POST', body: json(), headers: asJson }],
      [`${url}?auth_request=request`, { method: 'POST', body: form() }],
    ];
    for (const [target, init] of requests) {
      expect((await fetch(target, init)).status).toBe(200);
      expect(got.pop()).toEqual(PARAMS);
    }
  });

  it.each<[string, () => express.Express]>([
    ['Express 5', express],
    ['Express 4', express4],
    ['Connect', connect as never],
  ])('reads the body that parsers left unread under %s', async (_host, create) => {
    for (const parser of [
      express4.json(),
      express4.urlencoded({ extended: false }),
      express.json(),
    ]) {
      const got: EventParameters[] = [];
      const app = create();
      app.use(parser);
      app.use(
        '/callback',
        callbackHandler(async (params) => {
          got.push(params);
          return { status: 200 };
        }),
      );
      const url = `${await serve(app)}/callback`;
      for (const init of [{ body: form() }, { body: json(), headers: asJson }, { body: '' }]) {
        expect((await fetch(url, { method: 'POST', ...init })).status).toBe(200);
      }
      expect(got).toEqual([PARAMS, PARAMS, {}]);
    }
  });

  it.each<[string, number, string, () => void]>([
    ['is too big', 10_000_000, `auth=${'x'.repeat(70_000)}`, () => {}],
    ['does not come', 100, 'auth=', () => vi.advanceTimersByTime(10_000)],
  ])('closes the connection of a body that %s', async (_what, length, sent, passTime) => {
    const { got, url } = await receiver(200, (_req, _res, next) => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      setImmediate(passTime);
      next();
    });
    onTestFinished(() => void vi.useRealTimers());
    const socket = connectTo(Number(new URL(url).port), '127.0.0.1');
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
    });
    socket.write(
      `POST /callback HTTP/1.1\r\nHost: app\r\nContent-Length: ${length}\r\n\r\n${sent}`,
    );
    await once(socket, 'end');
    socket.destroy();
    expect(text).toMatch(/^HTTP\/1.1 400 [\s\S]*^connection: close\r$[\s\S]*not accepted\n$/im);
    expect(got).toEqual([]);
  });

  it('works under a plain http server', async () => {
    const got: EventParameters[] = [];
    const handler = callbackHandler(async (params) => {
      got.push(params);
      return { status: 200 };
    });
    const server = createServer((req, res) => handler(req, res));
    const url = await serve(server.listeners('request')[0] as never);
    expect((await sendEvent(`${url}/anything`, PARAMS)).status).toBe(200);
    expect(got).toEqual([PARAMS]);
  });

  it.each<[string, string, RequestInit]>([
    ['a name twice with different values', '?auth=a&auth=b', {}],
    ['a name in query and body with different values', '?auth=a', { body: 'auth=b' }],
    ['a value that is no text', '', { body: '{"auth": {"a": 1}}', headers: asJson }],
    ['JSON that is broken', '', { body: '{"auth": ', headers: asJson }],
    ['more than 64 KiB', '', { body: `auth=${'x'.repeat(70_000)}` }],
  ])('refuses %s', async (_what, query, init) => {
    const { got, url } = await receiver();
    const response = await fetch(url + query, { method: 'POST', ...init });
    expect(response.status).toBe(400);
    expect(got).toEqual([]);
  });

  it('sends one body for every refusal, and Retry-After with 503 only', async () => {
    const bodies = new Set<string>();
    for (const status of [400, 404, 503] as const) {
      const { url } = await receiver(status);
      const response = await fetch(url, { method: 'POST' });
      expect(response.status).toBe(status);
      expect(response.headers.has('retry-after')).toBe(status === 503);
      bodies.add(await response.text());
    }
    expect(bodies.size).toBe(1);
  });

  it('refuses a request without an event', async () => {
    const world = await startWorld();
    const { strategy } = recordingStrategy(world);
    expect(strategy).toBeInstanceOf(LaunchKeyStrategy);
    const app = express();
    app.all('/callback', strategy.callback());
    const url = await serve(app);
    const refused: Record<string, string>[] = [
      {},
      { auth: '' },
      { auth: 'a', auth_request: '' },
      { auth_request: 'a', user_hash: 'b' },
      { auth: 'a', auth_request: 'b' },
      { signature: 'a' },
      { auth: 'a', auth_request: 'b', user_hash: 'c', deorbit: '{}', signature: 'd' },
    ];
    for (const params of refused) {
      expect((await sendEvent(`${url}/callback`, params)).status).toBe(400);
    }
  });
});
