import { createCipheriv, publicEncrypt, randomBytes, verify } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { policy } from '../../lib/client/policy.js';
import {
  EngineError,
  InvalidRequestError,
  InvalidResponseError,
  RateLimitExceededError,
} from '../../lib/errors.js';
import { app, FakeEngine, packageFor, refusal, SECRET, TOKEN } from '../support/fake-engine.js';

let engine: FakeEngine;

beforeEach(async () => {
  engine = await FakeEngine.start();
});
afterEach(() => engine.close());

const last = (path: string) => {
  const call = engine.of(path).at(-1);
  if (!call) throw new Error(`There was no call of ${path}`);
  return call;
};

describe('the client', () => {
  it('sends GET /ping without parameters', async () => {
    const { launchkeyTime, dateStamp, key } = await engine.client().ping();
    expect(last('/ping').req.url).toBe('/v1/ping');
    expect(last('/ping').headers.accept).toBe('application/json');
    expect(Math.abs(launchkeyTime.getTime() - Date.now())).toBeLessThan(60_000);
    expect(dateStamp).toEqual(new Date('2013-04-20T21:40:02Z'));
    expect(key).toBe(engine.key.publicPem);
  });

  it('sends an envelope of secret, stamp and a signature over the ciphertext', async () => {
    await engine.client().authorize('alice');
    const { params } = last('/auths');
    expect(params.get('app_key')).toBe('1234567890');
    const { secret, stamped } = engine.open(params);
    expect(secret).toBe(SECRET);
    expect(stamped).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
  });

  it('sends POST /auths with everything in the form body and nothing in the URL', async () => {
    const limits = policy({ all: 2 });
    const options = { session: false, userPushId: true, context: 'Größe & Wert', policy: limits };
    expect(await engine.client().authorize('alice+x@y', options)).toBe(TOKEN);
    const { method, req, headers, params } = last('/auths');
    expect(method).toBe('POST');
    expect(req.url).toBe('/v1/auths');
    expect(headers['content-type']).toBe('application/x-www-form-urlencoded');
    expect(params.get('username')).toBe('alice+x@y');
    expect(params.get('session')).toBe('False');
    expect(params.get('user_push_id')).toBe('True');
    expect(params.get('context')).toBe('Größe & Wert');
    expect(JSON.parse(params.get('policy') ?? '')).toEqual(limits);
  });

  it('sends session true, user_push_id false, and no context or policy by default', async () => {
    await engine.client().authorize('alice');
    const { params } = last('/auths');
    expect(params.get('session')).toBe('True');
    expect(params.get('user_push_id')).toBe('False');
    expect(params.has('context') || params.has('policy') || params.has('number_match')).toBe(false);
  });

  it('sends number_match, and names the number in the context, too', async () => {
    const client = engine.client();
    await client.authorize('alice', { numberMatch: 42 });
    expect(last('/auths').params.get('number_match')).toBe('42');
    expect(last('/auths').params.get('context')).toBe('Number: 42');
    await client.authorize('alice', { numberMatch: '07', context: 'Payroll' });
    expect(last('/auths').params.get('number_match')).toBe('07');
    expect(last('/auths').params.get('context')).toBe('Payroll\nNumber: 07');
  });

  it('sends POST /poll?METHOD=GET with everything in the form body, and Prefer only with a wait', async () => {
    const client = engine.client();
    await client.pollRequest(TOKEN);
    const { method, req, headers, body } = last('/poll');
    expect(method).toBe('POST');
    expect(req.url).toBe('/v1/poll?METHOD=GET');
    expect(headers['content-type']).toBe('application/x-www-form-urlencoded');
    const form = new URLSearchParams(body);
    expect(form.get('auth_request')).toBe(TOKEN);
    expect(engine.open(form).secret).toBe(SECRET);
    expect(headers.prefer).toBeUndefined();
    await client.pollRequest(TOKEN, { wait: 25 });
    expect(last('/poll').headers.prefer).toBe('wait=25');
  });

  it('sends PUT /logs with everything in the form body and nothing in the URL', async () => {
    const client = engine.client();
    expect(await client.isAuthorized(TOKEN, packageFor())).toBe(true);
    expect(last('/logs').method).toBe('PUT');
    expect(last('/logs').req.url).toBe('/v1/logs');
    expect(Object.fromEntries(last('/logs').params)).toMatchObject({
      auth_request: TOKEN,
      action: 'Authenticate',
      status: 'True',
    });
    expect(await client.logout(TOKEN)).toBe(true);
    expect(Object.fromEntries(last('/logs').params)).toMatchObject({
      auth_request: TOKEN,
      action: 'Revoke',
      status: 'True',
    });
    expect(engine.open(last('/logs').params).secret).toBe(SECRET);
  });

  it('sends to a base URL with another path', async () => {
    const url = engine.url.replace('/v1', '/v1/tenant');
    engine.on = () => ({ body: engine.ping() });
    await engine.client({ apiBaseUrl: `${url}/` }).ping();
    expect(engine.calls[0]?.path).toBe('/tenant/ping');
  });
});

describe('an argument that an engine would refuse', () => {
  it.each<[string, unknown, object]>([
    ['username', undefined, {}],
    ['username', '', {}],
    ['username', '  ', {}],
    ['username', 42, {}],
    ['username', ['alice'], {}],
    ['context', 'alice', { context: 'x'.repeat(401) }],
    ['context', 'alice', { context: 42 }],
    ['context', 'alice', { context: 'x'.repeat(395), numberMatch: 42 }],
    ['policy', 'alice', { policy: 'strict' }],
    ['numberMatch', 'alice', { numberMatch: 7 }],
    ['numberMatch', 'alice', { numberMatch: 'ab' }],
  ])('is refused by the client: %s %j %j', async (name, username, options) => {
    const error = await engine
      .client()
      .authorize(username as never, options)
      .catch((caught) => caught);
    expect(error).toBeInstanceOf(InvalidRequestError);
    expect(error.message).toContain(name);
    expect(engine.calls).toEqual([]);
  });

  it('is measured in UTF-16 units, of which a context may have 400', async () => {
    const client = engine.client();
    await client.authorize('alice', { context: '😀'.repeat(200) });
    expect(last('/auths').params.get('context')).toBe('😀'.repeat(200));
    await expect(client.authorize('alice', { context: '😀'.repeat(201) })).rejects.toThrow(
      'context',
    );
  });

  it('is refused by the client as authRequest, wait or identifier', async () => {
    const client = engine.client();
    const outcomes = await Promise.allSettled([
      client.pollRequest(''),
      client.pollRequest(undefined as never),
      client.pollRequest(TOKEN, { wait: -1 }),
      client.pollRequest(TOKEN, { wait: 2.5 }),
      client.logout('x'.repeat(257)),
      client.isAuthorized('', packageFor()),
      client.createWhiteLabelUser(''),
    ]);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ reason: { code: 'LAUNCHKEY_INVALID_REQUEST' } });
    }
    expect(engine.calls).toEqual([]);
  });
});

describe('ping()', () => {
  const answers: Record<string, (ping: Record<string, string>) => unknown> = {
    'as it was recorded, with blank lines in the key': ({ key = '', ...ping }) => ({
      ...ping,
      key: key.replace('KEY-----\n', 'KEY-----\n\n').replace('\n-----END', '\n\n-----END'),
    }),
    'as Java 2.2 reads it: api_time and fingerprint': ({ key }) => ({
      fingerprint: '00:11',
      api_time: new Date().toISOString(),
      key,
    }),
    'wrapped in response': (ping) => ({ successful: true, status_code: 200, response: ping }),
    'with a key labelled RSA PUBLIC KEY': ({ key = '', ...ping }) => ({
      ...ping,
      key: key.replaceAll('PUBLIC KEY', 'RSA PUBLIC KEY'),
    }),
    'with \\r line ends and text before the key': ({ key = '', ...ping }) => ({
      ...ping,
      key: `key:\r${key.replaceAll('\n', '\r')}`,
    }),
    'with unknown members': (ping) => ({ ...ping, motd: 'hello', list: [1, 2] }),
    'with a byte order mark': (ping) => `\ufeff${JSON.stringify(ping)}`,
  };

  it.each(Object.entries(answers))('reads an answer %s', async (_, change) => {
    engine.on = ({ path }) => (path === '/ping' ? { body: change(engine.ping()) } : undefined);
    expect(await engine.client().authorize('alice')).toBe(TOKEN);
    expect(engine.open(last('/auths').params).secret).toBe(SECRET);
  });

  it('ignores cookies', async () => {
    const cookie = 'beaker.session.id=1; httponly; Path=/';
    engine.on = () => undefined;
    engine.server.prependListener('request', (_, res) => res.setHeader('Set-Cookie', cookie));
    const client = engine.client();
    await client.authorize('alice');
    await client.pollRequest(TOKEN);
    for (const { headers } of engine.calls) expect(headers.cookie).toBeUndefined();
  });

  it('dates a key by its first sight where the engine sends no date', async () => {
    const apiTime = '2015-04-24T22:49:19Z';
    let seconds = 0;
    engine.on = () => ({
      body: {
        api_time: new Date(Date.parse(apiTime) + 1000 * seconds++).toISOString(),
        key: engine.key.publicPem,
      },
    });
    const client = engine.client();
    expect((await client.ping()).dateStamp).toEqual(new Date(apiTime));
    expect(await client.ping()).toMatchObject({
      dateStamp: new Date(apiTime),
      launchkeyTime: new Date('2015-04-24T22:49:20Z'),
    });
  });

  it.each<[string, object]>([
    ['no time', { launchkey_time: undefined }],
    ['an impossible time', { launchkey_time: '2013-02-31 00:00:00' }],
    ['no key', { key: undefined }],
    ['a key that is none', { key: 'ssh-rsa AAAA' }],
    ['a key that is an object', { key: {} }],
  ])('rejects an answer with %s', async (_, wrong) => {
    engine.on = () => ({ body: { ...engine.ping(), ...wrong } });
    await expect(engine.client().ping()).rejects.toThrow(InvalidResponseError);
  });
});

describe('authorize()', () => {
  it.each<[string, unknown]>([
    ['as it is', { auth_request: TOKEN }],
    ['wrapped in response', { successful: true, message: '', response: { auth_request: TOKEN } }],
    ['with unknown members', { auth_request: TOKEN, unknown: { response: 1 } }],
    ['with an empty response beside it', { auth_request: TOKEN, response: '' }],
  ])('reads a token %s', async (_, body) => {
    engine.on = ({ path }) => (path === '/auths' ? { body } : undefined);
    expect(await engine.client().authorize('alice')).toBe(TOKEN);
  });

  it.each<[string, unknown]>([
    ['no token', {}],
    ['an empty token', { auth_request: '' }],
    ['a token that is an object', { auth_request: { a: 1 } }],
    ['a token with a line break', { auth_request: 'a\r\nb' }],
    ['a token of 300 characters', { auth_request: 'x'.repeat(300) }],
    ['an array', [TOKEN]],
    ['a string', '"token"'],
    ['nothing', ''],
  ])('rejects an answer with %s', async (_, body) => {
    engine.on = ({ path }) => (path === '/auths' ? { body } : undefined);
    await expect(engine.client().authorize('alice')).rejects.toThrow(InvalidResponseError);
    expect(engine.of('/auths')).toHaveLength(1);
  });
});

describe('pollRequest()', () => {
  const answerPoll = (body: unknown, headers: Record<string, string> = {}, status = 200) => {
    engine.on = ({ path }) => (path === '/poll' ? { status, headers, body } : undefined);
  };

  it('returns null for HTTP 400 with 70403 and an empty response', async () => {
    engine.on = ({ path }) => (path === '/poll' ? refusal(70403, 'pending response') : undefined);
    expect(await engine.client().pollRequest(TOKEN)).toBeNull();
  });

  it('returns null for 70403 as text in a body with HTTP 200', async () => {
    answerPoll({ message_code: '70403', message: 'pending response...' });
    expect(await engine.client().pollRequest(TOKEN)).toBeNull();
  });

  it('reads an answer with all its members', async () => {
    const auth = packageFor();
    answerPoll({
      auth,
      user_hash: 'user-hash',
      organization_user: 'organization-user',
      user_push_id: 'push-id',
      unknown: 1,
    });
    expect(await engine.client().pollRequest(TOKEN)).toEqual({
      auth,
      userHash: 'user-hash',
      organizationUser: 'organization-user',
      userPushId: 'push-id',
    });
  });

  it('reads an answer that is wrapped in response', async () => {
    answerPoll({ response: { auth: 'QQ==', user_hash: 'user-hash', user_push_id: '' } });
    expect(await engine.client().pollRequest(TOKEN)).toEqual({
      auth: 'QQ==',
      userHash: 'user-hash',
    });
  });

  it.each<[string, unknown]>([
    ['no auth', { user_hash: 'user-hash' }],
    ['an empty auth', { auth: '', user_hash: 'user-hash' }],
    ['no user_hash', { auth: 'QQ==' }],
    ['an empty user_hash', { auth: 'QQ==', user_hash: '' }],
    ['a user_hash that is an array', { auth: 'QQ==', user_hash: ['user-hash'] }],
    ['a user_hash that is null', { auth: 'QQ==', user_hash: null }],
    ['nothing', {}],
  ])('rejects an answer with %s', async (_, body) => {
    answerPoll(body);
    await expect(engine.client().pollRequest(TOKEN)).rejects.toThrow(InvalidResponseError);
  });

  it('knows from the headers whether the engine held the poll', async () => {
    const client = engine.client();
    answerPoll({ auth: 'QQ==', user_hash: 'u' }, { 'Preference-Applied': 'wait' });
    expect(await client.poll(TOKEN, { wait: 1 })).toMatchObject({ held: true });
    answerPoll({ auth: 'QQ==', user_hash: 'u' }, { 'Preference-Applied': 'respond-async, wait=1' });
    expect(await client.poll(TOKEN, { wait: 1 })).toMatchObject({ held: true });
    answerPoll({ auth: 'QQ==', user_hash: 'u' }, { 'Preference-Applied': 'awaiting' });
    expect(await client.poll(TOKEN, { wait: 1 })).toMatchObject({ held: false });
    answerPoll({ auth: 'QQ==', user_hash: 'u' });
    expect(await client.poll(TOKEN, { wait: 1 })).toMatchObject({ held: false });
  });

  it('reads Retry-After in seconds, or as a date by the clock of the sender', async () => {
    const client = engine.client();
    const pending = { message_code: 70403 };
    answerPoll(pending, { 'Retry-After': '7' }, 400);
    expect(await client.poll(TOKEN)).toMatchObject({ answer: null, retryAfter: 7 });
    const dates = {
      Date: 'Tue, 01 Jan 2013 00:00:00 GMT',
      'Retry-After': 'Tue, 01 Jan 2013 00:01:30 GMT',
    };
    answerPoll(pending, dates, 400);
    expect(await client.poll(TOKEN)).toMatchObject({ answer: null, retryAfter: 90 });
    answerPoll(pending, { 'Retry-After': 'Tue, 01 Jan 2013 00:00:00 GMT' }, 400);
    expect(await client.poll(TOKEN)).toMatchObject({ retryAfter: 0 });
    answerPoll(pending, { 'Retry-After': 'soon' }, 400);
    expect((await client.poll(TOKEN)).retryAfter).toBeUndefined();
  });
});

describe('an error of the engine', () => {
  const fail = async (body: unknown, status = 400, headers: Record<string, string> = {}) => {
    engine.on = ({ path }) => (path === '/auths' ? { status, body, headers } : undefined);
    return engine
      .client()
      .authorize('alice')
      .catch((caught) => caught);
  };

  it('is read from HTTP 200 with a status_code of 3xx to 5xx', async () => {
    const body = { status_code: 400, message_code: 40436, message: 'no' };
    expect(await fail(body, 200)).toBeInstanceOf(RateLimitExceededError);
    expect(await fail({ status_code: 302 }, 200)).toMatchObject({ status: 302 });
    expect(await fail({ status_code: '500' }, 200)).toMatchObject({
      code: 'LAUNCHKEY_ENGINE',
      status: 500,
      retryable: true,
    });
  });

  it('is read from HTTP 200 with the code of an error', async () => {
    expect(await fail({ message_code: 40421, message: '' }, 200)).toBeInstanceOf(
      InvalidRequestError,
    );
  });

  it('is read with a message that is an object', async () => {
    const message = { username: 'Invalid character used. Not allowed: > < ) ( @ : ; &' };
    const error = await fail({ message_code: 40421, message, response: '' });
    expect(error).toBeInstanceOf(InvalidRequestError);
    expect(error.message).toContain('username: Invalid character used.');
    expect(error.engineMessage).toContain('username: Invalid character used.');
  });

  it('has a shortened message without control characters', async () => {
    const error = await fail({
      message_code: 40421,
      message: `a\r\nb\u001b[31m ${'no '.repeat(500)}`,
    });
    expect(error.engineMessage).toHaveLength(200);
    expect(error.message).not.toMatch(/\p{Cc}/u);
  });

  it('has a message without what it quotes of the call', async () => {
    const quoted = 'averylongnamewithoutanyblankinit';
    const error = await fail({
      message_code: 40421,
      message: { username: `${quoted}( is invalid` },
    });
    expect(error.engineMessage).toBe('username: …( is invalid');
    const message = `The secret ${SECRET} is wrong`;
    expect((await fail({ message_code: 40422, message })).engineMessage).toBeUndefined();
  });

  it('is read without code and message', async () => {
    expect(await fail({}, 404)).toMatchObject({
      code: 'LAUNCHKEY_ENGINE',
      status: 404,
      retryable: false,
    });
    expect(await fail({ error: 'no' }, 401)).toBeInstanceOf(EngineError);
  });

  it('keeps Retry-After', async () => {
    const error = await fail({ message_code: 40436, message: '' }, 400, { 'Retry-After': '12' });
    expect(error).toMatchObject({
      code: 'LAUNCHKEY_RATE_LIMIT_EXCEEDED',
      retryAfter: 12,
      retryable: true,
    });
  });
});

/** An auth package with a slash in its base64. */
function withSlash(): string {
  for (;;) {
    const auth = packageFor();
    if (auth.includes('/')) return auth;
  }
}

describe('the auth package', () => {
  const open = (members: unknown) => engine.client().decryptAuth(packageFor(members));

  it.each<[unknown, boolean]>([
    ['true', true],
    ['True', true],
    ['TRUE', true],
    [true, true],
    ['false', false],
    ['False', false],
    [false, false],
    ['yes', false],
    ['1', false],
    ['true ', false],
    ['', false],
  ])('with the response %j is read as %j', async (response, expected) => {
    const opened = await open({ auth_request: TOKEN, response });
    expect(opened).toEqual({ authRequest: TOKEN, response: expected });
  });

  it('is read with action instead of response, as old engines send it', async () => {
    expect((await open({ auth_request: TOKEN, action: 'True' })).response).toBe(true);
    expect((await open({ auth_request: TOKEN, action: 'False' })).response).toBe(false);
    const both = { auth_request: TOKEN, response: 'false', action: 'true' };
    expect((await open(both)).response).toBe(false);
  });

  it('is read with device, PINs and reason', async () => {
    const rest = { device_id: 'device', app_pins: '1,2', reason: 'fraudulent', more: {} };
    expect(await open({ auth_request: TOKEN, response: 'false', ...rest })).toEqual({
      authRequest: TOKEN,
      response: false,
      deviceId: 'device',
      appPins: '1,2',
      reason: 'fraudulent',
    });
    const other = { auth_request: TOKEN, response: 'true', device_id: 7, app_Pins: '3' };
    expect(await open(other)).toMatchObject({ deviceId: '7', appPins: '3' });
  });

  it('is read in one line, in lines of 64 characters, and with a backslash before each slash', async () => {
    const client = engine.client();
    const auth = withSlash();
    const lines = auth.replace(/.{64}/g, '$&\r\n');
    for (const text of [auth, lines, lines.replaceAll('/', '\\/')]) {
      expect(await client.decryptAuth(text)).toMatchObject({ response: true });
    }
  });

  it.each<[string, () => string]>([
    ['is not base64', () => '*'.repeat(344)],
    ['is empty', () => ''],
    ['is too long', () => 'A'.repeat(100_000)],
    ['is short', () => packageFor().slice(0, 100)],
    ['is altered', () => packageFor().replace(/^.{8}/, 'AAAAAAAA')],
    ['is no JSON', () => packageFor('approved: yes')],
    ['is a JSON array', () => packageFor('["true"]')],
    ['is null', () => packageFor('null')],
    ['names no auth request', () => packageFor({ response: 'true' })],
    ['names an empty auth request', () => packageFor({ auth_request: '', response: 'true' })],
    ['names auth requests', () => packageFor({ auth_request: [TOKEN], response: 'true' })],
    ['has no response', () => packageFor({ auth_request: TOKEN })],
    ['has a number as response', () => packageFor({ auth_request: TOKEN, response: 1 })],
    ['has an object as response', () => packageFor({ auth_request: TOKEN, response: {} })],
    ['has null as response', () => packageFor({ auth_request: TOKEN, response: null })],
  ])('is rejected without a report when it %s', async (_, make) => {
    const client = engine.client();
    await expect(client.decryptAuth(make())).rejects.toThrow(InvalidResponseError);
    await expect(client.isAuthorized(TOKEN, make())).rejects.toThrow(InvalidResponseError);
    await expect(client.isAuthorized(TOKEN, undefined as never)).rejects.toThrow(
      InvalidResponseError,
    );
    expect(engine.of('/logs')).toEqual([]);
  });
});

describe('isAuthorized', () => {
  const reported = () => {
    const { params } = last('/logs');
    return [params.get('auth_request'), params.get('action'), params.get('status')];
  };

  it('reports and returns an approval', async () => {
    expect(await engine.client().isAuthorized(TOKEN, packageFor())).toBe(true);
    expect(reported()).toEqual([TOKEN, 'Authenticate', 'True']);
  });

  it('reports and returns a denial', async () => {
    const denial = packageFor({ auth_request: TOKEN, response: 'false' });
    expect(await engine.client().isAuthorized(TOKEN, denial)).toBe(false);
    expect(reported()).toEqual([TOKEN, 'Authenticate', 'False']);
  });

  it('accepts a report whatever message the engine confirms it with', async () => {
    engine.on = ({ path }) =>
      path === '/logs' ? { body: { message: 'Denial recorded' } } : undefined;
    const denial = packageFor({ auth_request: TOKEN, response: 'false' });
    expect(await engine.client().isAuthorized(TOKEN, denial)).toBe(false);
    expect(reported()).toEqual([TOKEN, 'Authenticate', 'False']);
    expect(await engine.client().report(TOKEN, 'Authenticate', false)).toBe(true);
    expect(await engine.client().logout(TOKEN)).toBe(true);
  });

  it('reports a denial for the approval of another auth request', async () => {
    const other = packageFor({ auth_request: TOKEN.replace('4', '5'), response: 'true' });
    expect(await engine.client().isAuthorized(TOKEN, other)).toBe(false);
    expect(reported()).toEqual([TOKEN, 'Authenticate', 'False']);
    expect(await engine.client().readAnswer(TOKEN, { auth: other })).toEqual({
      belongs: false,
      authorized: false,
    });
  });

  it('returns false when the engine refuses the report', async () => {
    engine.on = ({ path }) => (path === '/logs' ? refusal(50446) : undefined);
    expect(await engine.client().isAuthorized(TOKEN, packageFor())).toBe(false);
  });

  it.each<[string, number, unknown]>([
    ['fails', 500, 'Internal Server Error'],
    ['is not ready', 503, { message: 'starting' }],
    ['says too much', 400, { message_code: 50436 }],
    ['says nothing known', 200, '<html>'],
  ])('throws when the engine %s', async (_, status, body) => {
    engine.on = ({ path }) => (path === '/logs' ? { status, body } : undefined);
    await expect(engine.client().isAuthorized(TOKEN, packageFor())).rejects.toThrow();
    await expect(engine.client().logout(TOKEN)).rejects.toThrow();
  });
});

describe('createWhiteLabelUser', () => {
  const keyAndIv = randomBytes(48);

  const answer = (text: string, secret: Buffer = keyAndIv) => {
    const cipher = createCipheriv('aes-256-cbc', secret.subarray(0, 32), secret.subarray(32, 48));
    cipher.setAutoPadding(false);
    const padded = text.padEnd(Math.ceil(text.length / 16) * 16);
    const key = { key: app.publicKey, oaepHash: 'sha1' };
    return {
      successful: true,
      status_code: 201,
      message: '',
      message_code: 10220,
      response: {
        cipher: publicEncrypt(key, secret).toString('base64'),
        data: Buffer.concat([cipher.update(padded), cipher.final()]).toString('base64'),
      },
    };
  };

  it('sends JSON that is signed as a whole, and decrypts the answer', async () => {
    const user = { qrcode: 'https://engine.example.com/qr/1', code: 'abcdef1' };
    engine.on = ({ path }) =>
      path === '/users' ? { status: 201, body: answer(JSON.stringify(user)) } : undefined;
    expect(await engine.client().createWhiteLabelUser('Jürgen')).toEqual(user);
    const { method, headers, query, body } = last('/users');
    expect(method).toBe('POST');
    expect(headers['content-type']).toBe('application/json');
    expect([...query.keys()]).toEqual(['signature']);
    const signature = Buffer.from(query.get('signature') ?? '', 'base64');
    expect(verify('sha256', Buffer.from(body), app.publicKey, signature)).toBe(true);
    expect(JSON.parse(body)).toEqual({
      app_key: '1234567890',
      secret_key: expect.any(String),
      identifier: 'Jürgen',
    });
  });

  it.each<[string, () => unknown]>([
    ['no data', () => ({ response: { cipher: 'QQ==' } })],
    [
      'a cipher for another key',
      () => ({ response: { cipher: 'QQ==', data: 'QUFBQUFBQUFBQUFBQUFBQQ==' } }),
    ],
    ['a key of a wrong length', () => answer('{"qrcode":"q","code":"c"}', randomBytes(49))],
    ['no JSON', () => answer('qrcode')],
    ['no code', () => answer('{"qrcode":"q"}')],
    ['numbers', () => answer('{"qrcode":1,"code":2}')],
  ])('rejects an answer with %s', async (_, make) => {
    engine.on = ({ path }) => (path === '/users' ? { body: make() } : undefined);
    const creating = engine.client().createWhiteLabelUser('user');
    await expect(creating).rejects.toThrow(InvalidResponseError);
  });

  it('throws when the application has no white label directory', async () => {
    engine.on = ({ path }) => (path === '/users' ? refusal(40423) : undefined);
    await expect(engine.client().createWhiteLabelUser('user')).rejects.toMatchObject({
      code: 'LAUNCHKEY_INVALID_CREDENTIALS',
    });
  });
});
