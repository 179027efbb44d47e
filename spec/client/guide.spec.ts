import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { Device } from '../../engine/spec/support/device.js';
import { LaunchKeyClient } from '../../lib/client/client.js';
import { policy } from '../../lib/client/policy.js';
import {
  ExpiredAuthRequestError,
  InvalidCredentialsError,
  InvalidRequestError,
  InvalidSignatureError,
  NoPairedDevicesError,
  NoSuchUserError,
  RateLimitExceededError,
  UnknownAuthRequestError,
} from '../../lib/errors.js';
import { makePair } from '../support/keys.js';
import { startWorld, type World } from '../support/world.js';

const HOUR = 3_600_000;

const closing: Array<() => void> = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function start(options: Parameters<typeof startWorld>[0] = {}) {
  const world = await startWorld(options);
  return { ...world, client: new LaunchKeyClient(world.options) };
}

const clientOf = (world: World, options: object) =>
  new LaunchKeyClient({ ...world.options, ...options });

/** A callback URL that keeps the parameters of what arrives. */
async function receiver() {
  const events: URLSearchParams[] = [];
  const waiting: Array<(params: URLSearchParams) => void> = [];
  const server = createServer((req, res) => {
    const { searchParams } = new URL(req.url ?? '', 'http://app');
    const next = waiting.shift();
    if (next) next(searchParams);
    else events.push(searchParams);
    res.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback?tenant=7`,
    next: async () => events.shift() ?? new Promise<URLSearchParams>((done) => waiting.push(done)),
  };
}

describe('a client of a real engine', () => {
  it('takes a login from authorize() to logout()', async () => {
    const { engine, client } = await start();
    const token = await client.authorize('alice');
    expect(token).toMatch(/^[a-z0-9]{32}$/);
    expect(await client.pollRequest(token)).toBeNull();
    await engine.answer(token, true);
    const answer = await client.pollRequest(token);
    expect(answer).toEqual({ auth: expect.any(String), userHash: expect.any(String) });
    expect(await client.decryptAuth(answer?.auth ?? '')).toMatchObject({
      authRequest: token,
      response: true,
      deviceId: expect.any(String),
    });
    expect(await client.isAuthorized(token, answer?.auth ?? '')).toBe(true);
    expect(await engine.sessions('alice')).toHaveLength(1);
    expect(await client.pollRequest(token)).toMatchObject({ userHash: answer?.userHash });
    expect(await client.logout(token)).toBe(true);
    expect(await engine.sessions('alice')).toEqual([]);
    await expect(client.pollRequest(token)).rejects.toThrow(ExpiredAuthRequestError);
  });

  it('reads a denial and its reason', async () => {
    const { engine, client } = await start();
    const token = await client.authorize('alice');
    await engine.answer(token, false, { reason: 'fraudulent' });
    const answer = await client.pollRequest(token);
    expect(await client.readAnswer(token, { auth: answer?.auth ?? '' })).toMatchObject({
      belongs: true,
      authorized: false,
      reason: 'fraudulent',
    });
    expect(await client.isAuthorized(token, answer?.auth ?? '')).toBe(false);
    expect(await engine.sessions('alice')).toEqual([]);
  });

  it('holds a poll until the answer', async () => {
    const { engine, client } = await start();
    const token = await client.authorize('alice');
    const polling = client.poll(token, { wait: 25 });
    await engine.answer(token, true);
    expect(await polling).toMatchObject({ held: true, answer: { userHash: expect.any(String) } });
  });

  it('asks for a transaction with context, policy and user push ID', async () => {
    const { engine, client } = await start();
    const token = await client.authorize('alice', {
      session: false,
      userPushId: true,
      context: 'Pay 5 € to Bob',
      policy: policy({ possession: true }),
    });
    expect(await engine.requests('alice')).toMatchObject([
      { authRequest: token, session: false, context: 'Pay 5 € to Bob' },
    ]);
    await engine.answer(token, true);
    const answer = await client.pollRequest(token);
    expect(await client.isAuthorized(token, answer?.auth ?? '')).toBe(true);
    expect(await engine.sessions('alice')).toEqual([]);
    const pushId = answer?.userPushId ?? '';
    expect(await client.authorize(pushId)).toMatch(/^[a-z0-9]{32}$/);
  });

  it('reads a wrong pick of number matching as a denial', async () => {
    const { engine, client } = await start();
    const token = await client.authorize('alice', { numberMatch: 42 });
    const [request] = await engine.requests('alice');
    expect(request).toMatchObject({ numbers: expect.arrayContaining(['42']) });
    await engine.answer(token, true, { number: '43' });
    const answer = await client.pollRequest(token);
    expect(await client.readAnswer(token, { auth: answer?.auth ?? '' })).toMatchObject({
      authorized: false,
      reason: 'number',
    });
  });

  it('creates a white label user, who can then log in', async () => {
    const { engine, client } = await start();
    const { qrcode, code } = await client.createWhiteLabelUser('customer-7');
    expect(qrcode).toMatch(/^https?:/);
    await engine.pair(code);
    const token = await client.authorize('customer-7');
    await engine.answer(token, true);
    const answer = await client.pollRequest(token);
    expect(await client.isAuthorized(token, answer?.auth ?? '')).toBe(true);
  });

  it('lists, renames and unpairs the phones of a white label user', async () => {
    const { engine, client } = await start();
    const { url = '', code } = await client.createWhiteLabelUser('customer-8');
    expect(url).toMatch(new RegExp(`^${engine.url}/authenticator#pair=`));
    const phone = await Device.paired(engine.url, code);
    const [listed] = await client.whiteLabelDevices('customer-8');
    expect(listed).toEqual({ id: phone.id, name: 'Phone', pairedAt: expect.any(Date) });
    const rename = { id: phone.id, name: 'Work phone' };
    expect(await client.whiteLabelDevices('customer-8', { rename })).toEqual([
      { ...listed, name: 'Work phone' },
    ]);
    expect(await client.whiteLabelDevices('customer-8', { unpair: phone.id })).toEqual([]);
    await expect(client.whiteLabelDevices('customer-8', { unpair: phone.id })).rejects.toThrow(
      InvalidRequestError,
    );
    await expect(client.whiteLabelDevices('customer-9')).rejects.toThrow(NoSuchUserError);
  });

  it('throws the error that belongs to each refusal', async () => {
    const world = await start({ rateLimit: { windows: [{ requests: 1, seconds: 5 }] } });
    const { engine, client } = world;
    await engine.createUser('deviceless', { device: false });
    await expect(client.authorize('mallory')).rejects.toThrow(NoSuchUserError);
    await expect(client.authorize('deviceless')).rejects.toThrow(NoPairedDevicesError);
    await client.authorize('alice');
    const error = await client.authorize('alice').catch((caught) => caught);
    expect(error).toBeInstanceOf(RateLimitExceededError);
    expect(error.retryAfter).toBeGreaterThan(0);
    await expect(client.pollRequest('x'.repeat(32))).rejects.toThrow(UnknownAuthRequestError);
    expect(await client.logout('x'.repeat(32))).toBe(false);
    const wrong = clientOf(world, { secretKey: 'wrong' });
    await expect(wrong.authorize('alice')).rejects.toThrow(InvalidCredentialsError);
    const other = clientOf(world, { privateKey: makePair().privateKey });
    await expect(other.authorize('alice')).rejects.toThrow(InvalidSignatureError);
    await engine.disableApp(world.options.appKey);
    await expect(client.authorize('alice')).rejects.toThrow(InvalidCredentialsError);
  });

  it('lets an unanswered auth request expire', async () => {
    let offset = 0;
    const { client } = await start({ clock: () => Date.now() + offset });
    const token = await client.authorize('alice');
    offset = 6 * 60_000;
    await expect(client.pollRequest(token)).rejects.toThrow(ExpiredAuthRequestError);
  });

  it.each([-3, 3])('works with an engine whose clock is %i hours off', async (hours) => {
    const callback = await receiver();
    const { engine, client } = await start({
      clock: () => Date.now() + hours * HOUR,
      callbackUrl: callback.url,
    });
    const token = await client.authorize('alice');
    await engine.answer(token, true);
    expect(await client.readEvent(await callback.next()).verify()).toMatchObject({ type: 'auth' });
    const answer = await client.pollRequest(token);
    expect(await client.isAuthorized(token, answer?.auth ?? '')).toBe(true);
    await engine.deorbit('alice');
    expect(await client.handleCallback(await callback.next())).toMatchObject({ type: 'logout' });
  });

  it.each([0, 60_000])(
    'goes on after the ping key was rotated, with %i ms of grace',
    async (pingKeyGrace) => {
      const { engine, client } = await start({ pingKeyGrace });
      const { key } = await client.ping();
      await client.authorize('alice');
      await engine.rotatePingKey();
      expect(await client.authorize('alice')).toMatch(/^[a-z0-9]{32}$/);
      if (pingKeyGrace === 0) expect((await client.ping()).key).not.toBe(key);
    },
  );

  it('verifies the events of an answer and of a logout', async () => {
    const callback = await receiver();
    const { engine, client } = await start({ callbackUrl: callback.url });
    const token = await client.authorize('alice');
    await engine.answer(token, true);
    const answered = await callback.next();
    const event = await client.handleCallback(answered);
    expect(event).toMatchObject({ type: 'auth', authRequest: token });
    expect(await client.readEvent(answered).verify()).toEqual(event);
    const altered = new URLSearchParams(answered);
    altered.set('user_hash', 'another');
    await expect(client.readEvent(altered).verify()).rejects.toThrow(/is not signed/);
    const answer = await client.pollRequest(token);
    expect(await client.isAuthorized(token, answer?.auth ?? '')).toBe(true);
    expect(event).toMatchObject({ userHash: answer?.userHash });

    await engine.deorbit('alice');
    const ended = await callback.next();
    const { deorbit, signature } = Object.fromEntries(ended);
    expect(await client.clear(deorbit ?? '', signature ?? '')).toBe(answer?.userHash);
    expect(await client.handleCallback(ended)).toMatchObject({ userHash: answer?.userHash });
    expect(await client.logout(token)).toBe(true);
  });

  it('throws a retryable error when the engine is gone', async () => {
    const world = await start();
    const token = await world.client.authorize('alice');
    await world.engine.close();
    await expect(world.client.pollRequest(token)).rejects.toMatchObject({ retryable: true });
  });
});
