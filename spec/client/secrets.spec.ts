import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LaunchKeyClient } from '../../lib/client/client.js';
import {
  app,
  type FakeAnswer,
  FakeEngine,
  packageFor,
  SECRET,
  TOKEN,
} from '../support/fake-engine.js';
import { openssl } from '../support/keys.js';

const PACKAGE = { auth_request: TOKEN, response: 'maybe', device_id: 'the-device', nonsense: 1 };

let engine: FakeEngine;
let client: LaunchKeyClient;

beforeEach(async () => {
  engine = await FakeEngine.start();
  client = engine.client({ requestTimeout: 300 });
});
afterEach(() => engine.close());

/** Everything that a log could make of an error. */
function printed(error: unknown): string {
  const texts: string[] = [];
  for (let at = error; at instanceof Error; at = at.cause) {
    texts.push(inspect(at, { depth: 9, showHidden: true }), JSON.stringify(at), `${at}`);
    texts.push(at.stack ?? '', inspect(at, { depth: 9, showHidden: true, customInspect: false }));
    for (const name of Reflect.ownKeys(at))
      texts.push(inspect(Reflect.get(at, name), { depth: 9 }));
  }
  return texts.join('\n');
}

/** What must never be printed: keys, what was sent, what was decrypted. */
function secrets(): string[] {
  const sent = engine.calls.flatMap(({ params, body, query }) => {
    const json = body.startsWith('{') ? JSON.parse(body) : {};
    const values = ['secret_key', 'signature'].flatMap((name) => [
      params.get(name),
      query.get(name),
      json[name],
    ]);
    return values.filter((value): value is string => typeof value === 'string');
  });
  const parts = sent.flatMap((value) => [
    value.slice(0, 40),
    encodeURIComponent(value).slice(0, 40),
  ]);
  return [
    SECRET,
    'PRIVATE KEY',
    app.privatePem.slice(100, 160),
    'the-device',
    'nonsense',
    ...parts,
  ];
}

async function expectNothingSecret(call: () => Promise<unknown>): Promise<void> {
  const error = await call().then(
    () => undefined,
    (caught) => caught,
  );
  expect(error).toBeInstanceOf(Error);
  const text = printed(error);
  for (const secret of secrets()) expect(text).not.toContain(secret);
}

const calls: Record<string, () => Promise<unknown>> = {
  authorize: () => client.authorize('alice', { context: 'context' }),
  poll: () => client.pollRequest(TOKEN),
  'held poll': () => client.pollRequest(TOKEN, { wait: 1 }),
  logout: () => client.logout(TOKEN),
  isAuthorized: () => client.isAuthorized(TOKEN, packageFor()),
  createWhiteLabelUser: () => client.createWhiteLabelUser('alice'),
  whiteLabelDevices: () => client.whiteLabelDevices('alice'),
};

type Fault = (body: string, url: string) => FakeAnswer;
const faults: Record<string, Fault> = {
  'HTML with 502': () => ({ status: 502, body: '<html>' }),
  'HTML that quotes the call': (body, url) => ({ status: 502, body: `<p>${url} ${body}</p>` }),
  'a message that quotes the call': (body, url) => ({
    status: 503,
    body: { message: `Could not handle ${url} ${body}` },
  }),
  'a message that quotes the secret key': () => ({
    status: 500,
    body: { message: `no ${SECRET}` },
  }),
  'a message object that quotes the call': (body, url) => ({
    status: 500,
    body: { message: { [url]: body, body: [url, { body }] } },
  }),
  'a redirect': (body, url) => ({
    status: 302,
    headers: { Location: `http://127.0.0.1:1${url}` },
    body,
  }),
  'a body that quotes the call': (body, url) => ({ body: `${url} ${body}` }),
  'two megabytes': () => ({ body: 'x'.repeat(2_000_000) }),
  silence: () => null,
};

describe('an error shows nothing secret', () => {
  for (const [name, fault] of Object.entries(faults)) {
    it.each(Object.entries(calls))(`after ${name}, at %s`, async (_, call) => {
      engine.on = ({ path, body, req }) =>
        path === '/ping' ? undefined : fault(body, req.url ?? '');
      await expectNothingSecret(call);
    });
  }

  it.each(Object.entries(calls))('after a reset connection, at %s', async (_, call) => {
    engine.on = ({ path, req }) => {
      if (path === '/ping') return undefined;
      req.socket.resetAndDestroy();
      return null;
    };
    await expectNothingSecret(call);
  });

  it.each(Object.entries(calls))(
    'after a refusal that quotes the call, at %s',
    async (name, call) => {
      engine.on = ({ path, body, req }) =>
        path === '/ping'
          ? undefined
          : { status: 400, body: { message_code: 40436, message: `${req.url} ${body}` } };
      expect(name).toBeTruthy();
      await expectNothingSecret(call);
    },
  );

  it('after a refusal that quotes a secret key that looks like words', async () => {
    const secretKey = 'open "sesame"';
    client = engine.client({ secretKey });
    const spellings = [secretKey, JSON.stringify(secretKey), new URLSearchParams({ secretKey })];
    for (const quoted of spellings) {
      engine.on = ({ path }) =>
        path === '/ping'
          ? undefined
          : { status: 400, body: { message_code: 40436, message: `no ${quoted}` } };
      const error = await client.authorize('alice').catch((caught) => caught);
      expect(error).toBeInstanceOf(Error);
      expect(printed(error)).not.toContain('sesame');
    }
  });

  it('after two refusals of a stale stamp', async () => {
    engine.on = ({ path, body }) =>
      path === '/ping' ? undefined : { status: 401, body: { message_code: 40431, message: body } };
    await expectNothingSecret(() => client.authorize('alice'));
  });

  it('when the engine cannot be reached', async () => {
    await client.ping();
    await engine.close();
    await expectNothingSecret(() => client.authorize('alice'));
  });

  it.each<[string, unknown]>([
    ['of no known shape', PACKAGE],
    ['of broken JSON', `${JSON.stringify(PACKAGE)}}`],
    ['of plain text', 'the-device says nonsense'],
    ['without auth request', { ...PACKAGE, auth_request: undefined, response: 'true' }],
  ])('after an auth package %s', async (_, members) => {
    const wrong = { ...(typeof members === 'object' ? members : {}), response: 1 };
    const auth = packageFor(typeof members === 'string' ? members : wrong);
    await expectNothingSecret(() => client.decryptAuth(auth));
    await expectNothingSecret(() => client.isAuthorized(TOKEN, auth));
  });

  it('after an aborted call', async () => {
    const controller = new AbortController();
    engine.on = ({ path }) => {
      if (path === '/ping') return undefined;
      controller.abort();
      return null;
    };
    await expectNothingSecret(() => client.authorize('alice', { signal: controller.signal }));
  });

  it.each<[string, object]>([
    [
      'a wrong passphrase',
      {
        privateKey: openssl(app.privatePem, 'pkcs8', '-topk8', '-passout', 'pass:right'),
        passphrase: 'hunter2-hunter2',
      },
    ],
    ['a damaged key', { privateKey: app.privatePem.replace('MII', 'AAA') }],
    [
      'a key of another kind',
      { privateKey: app.privatePem.replaceAll('PRIVATE KEY', 'DSA PRIVATE KEY') },
    ],
    ['a long secret key', { secretKey: SECRET.repeat(20) }],
    ['a password in the URL', { apiBaseUrl: 'https://name:hunter2-hunter2@engine.example.com' }],
  ])('of the constructor for %s', async (_, options) => {
    await expectNothingSecret(async () => engine.client(options));
    const error = await Promise.resolve()
      .then(() => engine.client(options))
      .catch((caught) => caught);
    expect(printed(error)).not.toContain('hunter2-hunter2');
    expect(printed(error)).not.toContain(app.privatePem.slice(200, 240));
  });
});
