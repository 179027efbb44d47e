import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { inspect } from 'node:util';
import express from 'express';
import { CHANNELS, CommunicationError, InvalidCallbackError, policy } from 'passport-launchkey';
import { describe, expect, it, onTestFinished } from 'vitest';
import { logIn, loginApp, serve } from './support/app.js';
import { cookiesOf } from './support/cookies.js';
import { serveWaiting } from './support/waiting-app.js';
import { nextRequest, recordingStrategy, startWorld, type World } from './support/world.js';

type Message = Record<string, unknown> & { channel: string };

let names = 0;

/** A strategy with a unique name, and the messages that it publishes. */
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
  // These applications log in by hand, so each session login is followed by a warning.
  const { warning: _, ...channels } = CHANNELS;
  for (const channel of Object.values(channels)) {
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

describe('the diagnostics', () => {
  it('publish the start, the answer and the end of a login under one handle', async () => {
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

  it('publish the device’s reason for a denial', async () => {
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
    'publish a denial when the device does not meet the policy (approve: %s)',
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

  it('publish the expiry of an unanswered login', async () => {
    const { strategy, messages } = await observe(await startWorld(), { loginTimeout: 50 });
    await logIn(await serve(loginApp(strategy)));
    expect(messages.slice(1)).toEqual([
      { channel: CHANNELS.finished, login: handle, outcome: 'expired', after },
    ]);
  });

  it('publish that the browser disconnected', async () => {
    const world = await startWorld();
    const { strategy, next } = await observe(world);
    const leaving = new AbortController();
    const seen = logIn(await serve(loginApp(strategy)), undefined, leaving.signal);
    await nextRequest(world.engine);
    leaving.abort();
    await expect(seen).rejects.toThrow();
    expect(await next(CHANNELS.finished)).toMatchObject({ outcome: 'left' });
  });

  it('publish that verify did not admit the user', async () => {
    const world = await startWorld();
    const { strategy, messages, refuseEveryone } = await observe(world);
    refuseEveryone();
    const seen = logIn(await serve(loginApp(strategy)));
    await world.engine.answer(await nextRequest(world.engine), true);
    await seen;
    expect(messages.at(-1)).toMatchObject({ channel: CHANNELS.finished, outcome: 'unverified' });
  });

  it('publish a refused login', async () => {
    const { strategy, messages } = await observe(await startWorld());
    const url = await serve(loginApp(strategy));
    await logIn(url, { username: 'stranger' });
    await logIn(url, {});
    expect(messages).toEqual([
      { channel: CHANNELS.refused, code: 'denied', username: 'stranger' },
      { channel: CHANNELS.refused, code: 'missing_username' },
    ]);
  });

  it('publish that a login is a decoy', async () => {
    const { strategy, messages } = await observe(await startWorld(), {
      concealUsers: true,
      loginTimeout: 50,
    });
    await logIn(await serve(loginApp(strategy)), { username: 'stranger' });
    expect(messages[0]).toMatchObject({ channel: CHANNELS.started, decoy: true });
  });

  it('publish an error when the engine cannot be reached', async () => {
    const world = await startWorld();
    const { strategy, messages } = await observe(world);
    await world.engine.close();
    await logIn(await serve(loginApp(strategy)));
    expect(messages).toEqual([{ channel: CHANNELS.failed, error: expect.any(CommunicationError) }]);
  });

  it('publish a cancellation on the waiting page', async () => {
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
    const cookie = cookiesOf(begun.headers);
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

  it('publish events and logouts', async () => {
    const world = await startWorld();
    const { strategy, messages } = await observe(world);
    await strategy.handleEvent({ auth: 'x', auth_request: 'a'.repeat(32), user_hash: 'hash' });
    await strategy.handleEvent({ deorbit: '{}', signature: 'eA==' });
    expect(messages).toEqual([
      { channel: CHANNELS.event, status: 404, type: 'auth' },
      { channel: CHANNELS.event, status: 400, error: expect.any(InvalidCallbackError) },
    ]);
  });

  it('publish the end of LaunchKey sessions on the device and in the application', async () => {
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

  it('contain no key, no package and no token', async () => {
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

it('do not affect a login when a subscriber throws', async () => {
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
