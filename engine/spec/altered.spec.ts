import { InvalidResponseError, LaunchKeyClient, LaunchKeyStrategy } from 'passport-launchkey';
import { describe, expect, it } from 'vitest';
import { logIn, loginApp, serve } from '../../spec/support/app.js';
import { EngineProxy } from '../../spec/support/proxy.js';
import type { AppCredentials } from '../lib/index.js';
import { Device, sealFor } from './support/device.js';
import { share } from './support/engine.js';

/** What stands between a real engine and the application, and what it knows and has kept. */
interface Between {
  /** The answer of the device to this request, as it came. */
  auth: string;
  authRequest: string;
  /** An earlier approval by the same device. */
  approval: string;
  /** The public key of the application, which the engine and all phones know. */
  publicKey: string;
  /** An approval of this request for another application. */
  foreign: string;
}

const approvalOf = (authRequest: string): string =>
  JSON.stringify({ auth_request: authRequest, response: 'true', device_id: 'x', app_pins: '' });

function flipped(auth: string, at: number): string {
  const bytes = Buffer.from(auth, 'base64');
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  return bytes.toString('base64');
}

const notReadable = /decrypt|auth package/i;
const ALTERED: [string, (between: Between) => string, RegExp | false][] = [
  ['with its first bit flipped', ({ auth }) => flipped(auth, 0), notReadable],
  ['with its last bit flipped', ({ auth }) => flipped(auth, 255), notReadable],
  ['cut short', ({ auth }) => auth.slice(0, 340), notReadable],
  ['changed for an earlier approval', ({ approval }) => approval, false],
  [
    'changed for an approval of another request that the engine has made itself',
    ({ publicKey }) => sealFor(publicKey, approvalOf('a'.repeat(32))),
    false,
  ],
  [
    'changed for one without a request',
    ({ publicKey }) => sealFor(publicKey, JSON.stringify({ response: 'true' })),
    notReadable,
  ],
  ['changed for what another application could read', ({ foreign }) => foreign, notReadable],
  [
    'changed for an approval that is not encrypted',
    ({ authRequest }) => Buffer.from(approvalOf(authRequest)).toString('base64'),
    notReadable,
  ],
];

/** An application behind something that alters the answers to its polls. */
async function behind(alter: (between: Between) => string) {
  const { engine, application, user } = await share();
  const device = await Device.paired(engine.url, (await engine.pairDevice(user)).code);
  const proxy = await new EngineProxy(engine.url).start();
  const options = optionsFor(proxy.url, application.credentials);

  const earlier = await application.authorize(user);
  expect((await device.answer(true)).status).toBe(200);
  const approval: string = (await application.poll(earlier)).body.auth;

  /** Has the device answer the open request, and the proxy alter what the application is told. */
  const answer = async (approved: boolean): Promise<string> => {
    const [request] = await openRequests(device);
    expect((await device.post('answer', device.answerBody(request, approved))).status).toBe(200);
    const { auth, user_hash } = (await application.poll(request.authRequest)).body;
    const other = await otherApplication(engine);
    const altered = alter({
      auth,
      authRequest: request.authRequest,
      approval,
      publicKey: request.app.publicKey,
      foreign: sealFor(other, approvalOf(request.authRequest)),
    });
    proxy.intercept = ({ path }) =>
      path === '/v1/poll'
        ? {
            status: 200,
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({ auth: altered, user_hash }),
          }
        : undefined;
    return request.authRequest;
  };
  return { options, user, device, proxy, answer };
}

describe('an answer that is altered on its way', () => {
  describe.each(ALTERED)('%s', (_how, alter, fault) => {
    it.each([true, false])('approves nothing, whether it was %s', async (approved) => {
      const { options, user, answer } = await behind(alter);
      const client = new LaunchKeyClient(options);
      const authRequest = await client.authorize(user);
      await answer(approved);
      const polled = await client.pollRequest(authRequest);
      const verdict = client.isAuthorized(authRequest, polled?.auth ?? '');
      if (!fault) return expect(await verdict).toBe(false);
      await expect(verdict).rejects.toThrow(InvalidResponseError);
      await expect(verdict).rejects.toThrow(fault);
    });

    it('logs in no user', async () => {
      const { options, user, device, proxy, answer } = await behind(alter);
      const verified: string[] = [];
      const strategy = new LaunchKeyStrategy({ ...options, longPoll: 0 }, async (userHash) => {
        verified.push(userHash);
        return { id: userHash };
      });
      // Nothing of the true answer comes through before it can be altered.
      proxy.intercept = ({ path }) => (path === '/v1/poll' ? PENDING : undefined);
      const login = logIn(await serve(loginApp(strategy)), { username: user });
      await untilAsked(device);
      await answer(true);
      const seen = await login;
      expect(seen.user || undefined).toBeUndefined();
      expect(fault ? seen.error?.message : seen.info?.code).toMatch(fault || /^denied$/);
      expect(verified).toEqual([]);
    });
  });

  it('is refused by the engine if a denial was turned into an approval on the way', async () => {
    const { options, user, answer } = await behind(({ publicKey, authRequest }) =>
      sealFor(publicKey, approvalOf(authRequest)),
    );
    const client = new LaunchKeyClient(options);
    const authRequest = await client.authorize(user);
    await answer(false);
    const polled = await client.pollRequest(authRequest);
    expect(await client.isAuthorized(authRequest, polled?.auth ?? '')).toBe(false);
  });

  it('is accepted if the engine itself invents and confirms it, so the engine has to be trusted', async () => {
    const { options, user, proxy, answer } = await behind(({ publicKey, authRequest }) =>
      sealFor(publicKey, approvalOf(authRequest)),
    );
    const client = new LaunchKeyClient(options);
    const authRequest = await client.authorize(user);
    await answer(false);
    const asked = proxy.intercept;
    proxy.intercept = (call) =>
      call.path === '/v1/logs'
        ? {
            status: 200,
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({ message: 'Successfully updated' }),
          }
        : asked?.(call);
    const polled = await client.pollRequest(authRequest);
    expect(await client.isAuthorized(authRequest, polled?.auth ?? '')).toBe(true);
  });
});

const PENDING = {
  status: 400,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ message_code: 70403, message: 'Pending response', successful: false }),
};

function optionsFor(url: string, { appKey, secretKey, privateKey }: AppCredentials) {
  return { apiBaseUrl: `${url}/v1`, appKey, secretKey, privateKey };
}

// biome-ignore lint/suspicious/noExplicitAny: requests are whatever the engine under test sends.
async function openRequests(device: Device): Promise<any[]> {
  return (await device.state()).body.requests;
}

/** Resolves when the device shows a request. */
async function untilAsked(device: Device): Promise<void> {
  for (let state = (await device.state()).body; state.requests.length === 0; ) {
    const reply = await device.state(state.version);
    if (reply.status === 200) state = reply.body;
  }
}

let other: Promise<string> | undefined;

/** The public key of another application of the same engine. */
function otherApplication(engine: Awaited<ReturnType<typeof share>>['engine']): Promise<string> {
  other ??= engine
    .createApp({ name: 'Other' })
    .then(({ publicKey }) => publicKey.replace(/-----[^-]+-----|\s/g, ''));
  return other;
}
