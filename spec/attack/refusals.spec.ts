import { constants, publicEncrypt } from 'node:crypto';
import express from 'express';
import passport from 'passport';
import { describe, expect, it } from 'vitest';
import { logIn, loginApp, serve } from '../support/app.js';
import { EngineProxy } from '../support/proxy.js';
import { nextRequest, recordingStrategy, startWorld, type World } from '../support/world.js';

/** An auth package made with the application's public key alone. */
function forge(world: World, content: object): string {
  return publicEncrypt(
    { key: world.publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' },
    Buffer.from(JSON.stringify(content)),
  ).toString('base64');
}

describe('an event after the answer', () => {
  it.each<[string, (world: World) => string]>([
    ['does not decrypt', () => Buffer.alloc(256, 7).toString('base64')],
    [
      'names another auth request',
      (world) => forge(world, { auth_request: 'b'.repeat(32), response: 'true' }),
    ],
  ])('is answered with 400 if its package %s', async (_what, auth) => {
    const world = await startWorld();
    const { strategy, verified } = recordingStrategy(world);
    const seen = logIn(await serve(loginApp(strategy)));
    const authRequest = await nextRequest(world.engine);
    await world.engine.answer(authRequest, false);
    await seen;
    const event = { auth: auth(world), auth_request: authRequest, user_hash: 'hash' };
    expect(await strategy.handleEvent(event)).toMatchObject({ status: 400 });
    expect(verified).toEqual([]);
  });
});

describe('a browser that disconnects during the report of the answer', () => {
  it('is not logged in, and its LaunchKey session is ended', async () => {
    const world = await startWorld();
    const proxy = await new EngineProxy(world.engine.url).start();
    const { strategy, verified } = recordingStrategy(world, { apiBaseUrl: `${proxy.url}/v1` });
    const app = express();
    const closed = new Promise<void>((resolve) => {
      app.use((req, _res, next) => {
        req.socket.once('close', resolve);
        next();
      });
    });
    app.use(loginApp(strategy));
    const url = await serve(app);
    const page = new AbortController();
    proxy.holdBack = ({ form }) => {
      if (form.get('action') !== 'Authenticate') return undefined;
      page.abort();
      return closed;
    };
    const revoked = new Promise<void>((resolve) => {
      proxy.on('answered', ({ form }) => {
        if (form.get('action') === 'Revoke') resolve();
      });
    });
    const seen = logIn(url, { username: 'alice' }, page.signal);
    const rejected = expect(seen).rejects.toThrow();
    await world.engine.answer(await nextRequest(world.engine), true);
    await rejected;
    await revoked;
    expect(verified).toEqual([]);
    expect(await world.engine.sessions('alice')).toEqual([]);
  });
});

describe('a function among the options that throws', () => {
  it.each([undefined, 'route', 'router'])(
    'does not let the request through when it throws %s',
    async (thrown) => {
      const world = await startWorld();
      const context = () => {
        throw thrown;
      };
      const { strategy } = recordingStrategy(world, { context });
      const app = express();
      const letIn: express.RequestHandler = (_req, res) => void res.send('let in');
      app.use(express.urlencoded({ extended: false }));
      app.post('/login', new passport.Passport().authenticate(strategy, { session: false }), letIn);
      app.post('/login', letIn);
      const url = await serve(app);
      const body = new URLSearchParams({ username: 'alice' });
      const response = await fetch(`${url}/login`, { method: 'POST', body });
      expect(response.status).toBe(500);
      expect(await world.engine.requests('alice')).toEqual([]);
    },
  );
});
