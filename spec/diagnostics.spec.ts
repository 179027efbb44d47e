import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { inspect } from 'node:util';
import express from 'express';
import { CHANNELS, CommunicationError, InvalidCallbackError, policy } from 'passport-launchkey';
import { describe, expect, it, onTestFinished } from 'vitest';
import { logIn, loginApp, serve } from './support/app.js';
import { serveWaiting } from './support/waiting-app.js';
import { nextRequest, recordingStrategy, startWorld, type World } from './support/world.js';

type Message = Record<string, unknown> & { channel: string };

let names = 0;

/** A strategy of a name of its own, and what is published about it. */
async function observe(world: World, options: { name?: string; [more: string]: unknown } = {}) {
  const name = options.name ?? `observed-${names++}`;
  const messages: Message[] = [];
  const waiting: (() => void)[] = [];
  const note = (message: unknown, channel: string | symbol) => {
    const { strategy, ...rest } = message as { strategy: string };
    if (strategy !== name) return;
    messages.push({ channel: String(channel), ...rest });
    for (const wake of waiting.splice(0)) wake();
  };
  for (const channel of Object.values(CHANNELS)) {
    subscribe(channel, note);
    onTestFinished(() => void unsubscribe(channel, note));
  }
  const next = async (channel: string): Promise<Message> => {
    for (;;) {
      const found = messages.find((message) => message.channel === channel);
      if (found) return found;
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  };
  return { ...recordingStrategy(world, { name, ...options }), messages, next };
}

const channelsOf = (messages: Message[]) => messages.map(({ channel }) => channel);
const handle = expect.stringMatching(/^[\w-]{43}$/);
const after = expect.any(Number);

describe('what is published', () => {
  it('of a login: started, answered, finished, under one handle', async () => {
    const world = await startWorld();
    const { strategy, messages, verified } = await observe(world);
    const seen = logIn(await serve(loginApp(strategy)));
    await world.engine.answer(await nextRequest(world.engine), true);
    await seen;
    expect(messages).toEqual([
      {
        channel: CHANNELS.started,
        login: handle,
        username: 'alice',
        authType: 'session',
        expiresAt: expect.any(Date),
        decoy: false,
      },
      { channel: CHANNELS.answered, login: handle, approved: true, after },
      {
        channel: CHANNELS.finished,
        login: handle,
        outcome: 'approved',
        userHash: verified[0],
        after,
      },
    ]);
    expect(new Set(messages.map(({ login }) => login)).size).toBe(1);
  });

  it('of a denial, with the reason that the device gave', async () => {
    const world = await startWorld();
    const { strategy, messages } = await observe(world);
    const seen = logIn(await serve(loginApp(strategy)));
    await world.engine.answer(await nextRequest(world.engine), false, { reason: 'fraudulent' });
    await seen;
    expect(messages.slice(1)).toEqual([
      { channel: CHANNELS.answered, login: handle, approved: false, reason: 'fraudulent', after },
      { channel: CHANNELS.finished, login: handle, outcome: 'denied', after },
    ]);
  });

  it.each([true, false])(
    'of a denial because the policy asked for more, whichever button was pressed (approve: %s)',
    async (approve) => {
      const world = await startWorld();
      const places = [{ radius: 100, latitude: 52.5, longitude: 13.4 }];
      const { strategy, messages } = await observe(world, {
        policy: policy({ locations: places }),
      });
      const seen = logIn(await serve(loginApp(strategy)));
      await world.engine.answer(await nextRequest(world.engine), approve);
      expect((await seen).info).toMatchObject({ code: 'denied' });
      expect(messages[1]).toMatchObject({ channel: CHANNELS.answered, reason: 'policy' });
    },
  );

  it('of a login that nobody answers', async () => {
    const { strategy, messages } = await observe(await startWorld(), { loginTimeout: 50 });
    await logIn(await serve(loginApp(strategy)));
    expect(messages.slice(1)).toEqual([
      { channel: CHANNELS.finished, login: handle, outcome: 'expired', after },
    ]);
  });

  it('of a browser that leaves', async () => {
    const world = await startWorld();
    const { strategy, next } = await observe(world);
    const leaving = new AbortController();
    const seen = logIn(await serve(loginApp(strategy)), undefined, leaving.signal);
    await nextRequest(world.engine);
    leaving.abort();
    await expect(seen).rejects.toThrow();
    expect(await next(CHANNELS.finished)).toMatchObject({ outcome: 'left' });
  });

  it('of a user whom verify does not let in', async () => {
    const world = await startWorld();
    const { strategy, messages, refuseEveryone } = await observe(world);
    refuseEveryone();
    const seen = logIn(await serve(loginApp(strategy)));
    await world.engine.answer(await nextRequest(world.engine), true);
    await seen;
    expect(messages.at(-1)).toMatchObject({ channel: CHANNELS.finished, outcome: 'unverified' });
  });

  it('of a login that is refused', async () => {
    const { strategy, messages } = await observe(await startWorld());
    const url = await serve(loginApp(strategy));
    await logIn(url, { username: 'nobody' });
    await logIn(url, {});
    expect(messages).toEqual([
      { channel: CHANNELS.refused, code: 'denied', username: 'nobody' },
      { channel: CHANNELS.refused, code: 'missing_username' },
    ]);
  });

  it('of one that only seems to wait, that it is a decoy', async () => {
    const { strategy, messages } = await observe(await startWorld(), {
      concealUsers: true,
      loginTimeout: 50,
    });
    await logIn(await serve(loginApp(strategy)), { username: 'nobody' });
    expect(messages[0]).toMatchObject({ channel: CHANNELS.started, decoy: true });
  });

  it('of an engine that is out of reach', async () => {
    const world = await startWorld();
    const { strategy, messages } = await observe(world);
    await world.engine.close();
    await logIn(await serve(loginApp(strategy)));
    expect(messages).toEqual([{ channel: CHANNELS.failed, error: expect.any(CommunicationError) }]);
  });

  it('of a cancel on the waiting page', async () => {
    const world = await startWorld();
    const { strategy, messages } = await observe(world, {
      name: 'launchkey',
      pending: 'redirect',
      waitUrl: '/login/wait',
    });
    const { url } = await serveWaiting(strategy);
    const begun = await fetch(`${url}/login`, {
      method: 'POST',
      body: new URLSearchParams({ username: 'alice' }),
      redirect: 'manual',
    });
    const cookie = begun.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const cancelled = await fetch(new URL(begun.headers.get('location') ?? '', url), {
      method: 'POST',
      body: new URLSearchParams({ action: 'cancel' }),
      headers: { cookie, origin: url },
      redirect: 'manual',
    });
    expect([begun.status, cancelled.status]).toEqual([303, 303]);
    expect(messages.slice(1)).toEqual([
      { channel: CHANNELS.answered, login: handle, approved: false, reason: 'cancelled', after },
      { channel: CHANNELS.finished, login: handle, outcome: 'denied', after },
    ]);
  });

  it('of events and logouts', async () => {
    const world = await startWorld();
    const { strategy, messages } = await observe(world);
    await strategy.handleEvent({ auth: 'x', auth_request: 'a'.repeat(32), user_hash: 'hash' });
    await strategy.handleEvent({ deorbit: '{}', signature: 'eA==' });
    expect(messages).toEqual([
      { channel: CHANNELS.event, status: 404, type: 'auth' },
      { channel: CHANNELS.event, status: 400, error: expect.any(InvalidCallbackError) },
    ]);
  });

  it('of LaunchKey sessions that end, on the device and in the application', async () => {
    let receive = async (_params: URLSearchParams) => {};
    const app = express();
    app.post('/', (req, res) => {
      receive(new URL(req.url, 'http://receiver').searchParams).then(() => res.end());
    });
    const world = await startWorld({ callbackUrl: await serve(app) });
    const { strategy, messages, next, verified } = await observe(world);
    const url = await serve(loginApp(strategy));
    receive = async (params) => void (await strategy.handleEvent(params));
    const seen = logIn(url);
    await world.engine.answer(await nextRequest(world.engine), true);
    await seen;
    await world.engine.deorbit('alice');
    const { login } = await next(CHANNELS.finished);
    expect(await next(CHANNELS.ended)).toEqual({
      channel: CHANNELS.ended,
      by: 'device',
      userHash: verified[0],
      logins: [login],
    });
    const session = { [`launchkey:${strategy.name}`]: { session: login } };
    await strategy.logout({ headers: {}, session });
    expect(messages.filter(({ by }) => by === 'application')).toEqual([
      { channel: CHANNELS.ended, by: 'application', logins: [login] },
    ]);
  });

  it('holds no key, no package and no token', async () => {
    const world = await startWorld({ callbackUrl: 'http://127.0.0.1:9/' });
    const { strategy, messages } = await observe(world);
    const seen = logIn(await serve(loginApp(strategy)));
    const authRequest = await nextRequest(world.engine);
    await world.engine.answer(authRequest, true);
    await seen;
    await strategy.handleEvent({ auth: 'the package', auth_request: authRequest, user_hash: 'h' });
    await world.engine.close();
    await logIn(await serve(loginApp(strategy)));
    expect(channelsOf(messages)).toEqual([
      CHANNELS.started,
      CHANNELS.answered,
      CHANNELS.finished,
      CHANNELS.event,
      CHANNELS.failed,
    ]);
    const printed = inspect(messages, { depth: 9, showHidden: true });
    for (const secret of [authRequest, world.options.secretKey, 'the package', 'PRIVATE KEY']) {
      expect(printed).not.toContain(secret);
    }
  });
});

it('leaves a login alone whose subscriber throws', async () => {
  const world = await startWorld();
  const { strategy } = await observe(world);
  const thrown: unknown[] = [];
  const bad = (message: unknown) => {
    if ((message as { strategy: string }).strategy === strategy.name) throw new Error('a bad one');
  };
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => thrown.push(error));
  subscribe(CHANNELS.started, bad);
  onTestFinished(() => {
    unsubscribe(CHANNELS.started, bad);
    process.removeAllListeners('uncaughtException');
    for (const listener of others) process.on('uncaughtException', listener);
  });
  const seen = logIn(await serve(loginApp(strategy)));
  await world.engine.answer(await nextRequest(world.engine), true);
  expect(await seen).toMatchObject({ user: { id: expect.any(String) } });
  expect(thrown).toEqual([expect.objectContaining({ message: 'a bad one' })]);
});
