import connect from 'connect';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import passport from 'passport';
import {
  CommunicationError,
  InvalidCredentialsError,
  type LaunchKeyStrategy,
  MemoryStore,
  StoreUnavailableError,
} from 'passport-launchkey';
import { describe, expect, it, onTestFinished } from 'vitest';
import { serve } from './support/app.js';
import { nextRequest, recordingStrategy, startWorld, type World } from './support/world.js';

const post = (url: string, form: Record<string, string> = {}) =>
  fetch(`${url}/login`, { method: 'POST', body: new URLSearchParams(form) });

/** Responds with the error that reached the application's error handlers. */
function errorHandler(error: Error, _req: Request, res: Response, _next: NextFunction) {
  res.status(500).json({ handled: error.message });
}

// Express 4 is installed under another name and has no types.
const express4: typeof express = (await import('express4' as string)).default;
const EXPRESS: [string, () => Express][] = [
  ['5', express],
  ['4', express4],
];

describe.each(EXPRESS)('an action that throws under Express %s', (_version, create) => {
  it.each([
    ['failureMessage without sessions', { failureMessage: true }],
    ['failureFlash without flash', { failureFlash: true }],
  ])('passes the error of %s to the error handlers', async (_what, options) => {
    const { strategy } = recordingStrategy(await startWorld());
    const app = create();
    app.use(express.urlencoded({ extended: false }));
    app.post('/login', new passport.Passport().authenticate(strategy, options));
    app.use(errorHandler);
    const response = await post(await serve(app));
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({ handled: expect.stringMatching(/messages|flash/i) });
  });

  it.each<[string, (world: World) => Promise<unknown>, object]>([
    [
      'success',
      async ({ engine }) => engine.answer(await nextRequest(engine), true),
      { username: 'alice' },
    ],
    ['fail', async () => {}, {}],
    ['error', async ({ engine }) => engine.close(), { username: 'alice' }],
  ])(
    'calls the application’s throwing callback once at %s, and passes its error to the error handlers',
    async (...row) => {
      const [how, act, form] = row;
      const world = await startWorld();
      const { strategy } = recordingStrategy(world);
      if (how === 'error') await act(world);
      let calls = 0;
      const app = create();
      app.use(express.urlencoded({ extended: false }));
      app.post('/login', (req, res, next) => {
        const answer = () => {
          calls++;
          throw new Error('the page is broken');
        };
        new passport.Passport().authenticate(strategy, answer)(req, res, next);
      });
      app.use(errorHandler);
      const response = post(await serve(app), form as Record<string, string>);
      if (how !== 'error') await act(world);
      expect(await (await response).json()).toEqual({ handled: 'the page is broken' });
      expect(calls).toBe(1);
    },
  );

  it.each([undefined, 'route', 'router'])(
    'never lets the request through when the callback throws %s',
    async (thrown) => {
      const { strategy } = recordingStrategy(await startWorld());
      const app = create();
      app.post('/login', (req, res, next) => {
        const answer = () => {
          throw thrown;
        };
        new passport.Passport().authenticate(strategy, answer)(req, res, next);
      });
      app.post('/login', (_req, res) => void res.send('let in'));
      app.use(errorHandler);
      expect(await (await post(await serve(app))).text()).toContain('handled');
    },
  );
});

describe('an action that throws in a host without req.next', () => {
  it('causes an uncaught exception and no second action', async () => {
    const { strategy } = recordingStrategy(await startWorld());
    let calls = 0;
    const app = connect();
    app.use('/login', (req, res, next) => {
      const answer = () => {
        calls++;
        throw new Error('the page is broken');
      };
      new passport.Passport().authenticate(strategy, answer)(req, res, next);
    });
    const uncaught = new Promise((resolve) => {
      process.setUncaughtExceptionCaptureCallback(resolve);
    });
    onTestFinished(() => process.setUncaughtExceptionCaptureCallback(null));
    const page = new AbortController();
    const url = await serve(app as never);
    const response = expect(
      fetch(`${url}/login`, { method: 'POST', signal: page.signal }),
    ).rejects.toThrow();
    expect(await uncaught).toMatchObject({ message: 'the page is broken' });
    page.abort();
    await response;
    expect(calls).toBe(1);
  });
});

describe('the status of an error in Express', () => {
  async function statusOf(strategy: LaunchKeyStrategy) {
    const seen: (Error & { code?: string; status?: number })[] = [];
    const app = express();
    app.use(express.urlencoded({ extended: false }));
    app.post('/login', new passport.Passport().authenticate(strategy, { session: false }));
    app.use(((error, _req, _res, next) => {
      seen.push(error);
      next(error);
    }) as express.ErrorRequestHandler);
    app.set('env', 'test');
    const { status } = await post(await serve(app), { username: 'alice' });
    return { status, error: seen[0] };
  }

  it('is 500 when the engine refuses the credentials with any 4xx status', async () => {
    const world = await startWorld();
    const { strategy } = recordingStrategy(world, { secretKey: 'another secret key' });
    const refusal = await strategy.client.authorize('alice').catch((error) => error);
    expect(refusal.status).toBeLessThan(500);
    const { status, error } = await statusOf(strategy);
    expect(status).toBe(500);
    expect(error).toBeInstanceOf(InvalidCredentialsError);
    expect(error).toMatchObject({ code: refusal.code, messageCode: refusal.messageCode });
    expect(error?.stack).toContain('InvalidCredentialsError');
  });

  it('is 503 while the engine cannot be reached', async () => {
    const world = await startWorld();
    await world.engine.close();
    const { strategy } = recordingStrategy(world);
    const { status, error } = await statusOf(strategy);
    expect(status).toBe(503);
    expect(error).toBeInstanceOf(CommunicationError);
    expect(error?.cause).toBeInstanceOf(Error);
  });

  it('is 503 while the store cannot be reached', async () => {
    const world = await startWorld();
    const store = new MemoryStore();
    store.add = () => Promise.reject(new StoreUnavailableError('Redis is away'));
    const { strategy } = recordingStrategy(world, { store });
    expect((await statusOf(strategy)).status).toBe(503);
  });
});
