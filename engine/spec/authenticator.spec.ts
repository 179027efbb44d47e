import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startEngine } from '../lib/index.js';
import { share, start } from './support/engine.js';
import { http, type Reply } from './support/http.js';

const JSON_TYPE = { 'content-type': 'application/json' };

/** A POST as the page sends it; `headers` replace what the page's browser would say. */
async function post(
  url: string,
  path: string,
  body: object,
  headers: Record<string, string> = { origin: url },
): Promise<Reply> {
  return await http(`${url}/authenticator/virtual/${path}`, {
    method: 'POST',
    headers: { ...JSON_TYPE, ...headers },
    body: JSON.stringify(body),
  });
}

async function state(url: string, user: string) {
  return (await http(`${url}/authenticator/virtual/state?user=${user}`)).body;
}

const built = existsSync(
  fileURLToPath(new URL('../dist/authenticator/index.html', import.meta.url)),
);

interface Manifest {
  icons: { src: string; sizes: string; type: string; purpose: string }[];
}

/** The type and the size of a picture as it is served. */
async function look(url: string): Promise<string> {
  const response = await fetch(url);
  const type = response.headers.get('content-type');
  const bytes = Buffer.from(await response.arrayBuffer());
  if (type === 'image/svg+xml') return `${type} any`;
  // The first chunk of a PNG begins after its signature, and says how large it is.
  expect(bytes.toString('latin1', 1, 4)).toBe('PNG');
  return `${type} ${bytes.readUInt32BE(16)}x${bytes.readUInt32BE(20)}`;
}

describe('the authenticator', () => {
  it('shows requests, answers one, and shows and ends the session', async () => {
    const { engine, application, user } = await share();
    const token = await application.authorize(user, { context: 'Order 1', number_match: '42' });
    const before = await state(engine.url, user);
    expect(before).toMatchObject({
      username: user,
      hasDevice: true,
      requests: [{ authRequest: token, app: { name: 'Shop' }, context: 'Order 1' }],
      sessions: [],
    });
    expect(before.requests[0].numbers).toContain('42');
    expect(before.requests[0]).not.toHaveProperty('number');
    const answer = { user, authRequest: token, approve: true, number: '42' };
    expect((await post(engine.url, 'answer', answer)).body).toEqual({ approved: true });
    const { appKey } = application.credentials;
    expect((await state(engine.url, user)).sessions).toMatchObject([
      { app: { name: 'Shop', appKey }, count: 1, state: 'open' },
    ]);
    expect((await post(engine.url, 'end', { user, appKey })).body).toEqual({ ended: 1 });
    expect((await state(engine.url, user)).sessions).toMatchObject([{ state: 'pending clear' }]);
  });

  it('ends all sessions at once', async () => {
    const { engine, application, user } = await share();
    for (let login = 0; login < 2; login += 1) {
      await engine.answer(await application.authorize(user), true);
    }
    expect((await state(engine.url, user)).sessions).toMatchObject([{ count: 2 }]);
    expect((await post(engine.url, 'end', { user })).body).toEqual({ ended: 2 });
  });

  it('pairs by a code, and refuses codes after ten invalid ones', async () => {
    const { engine, application } = await start();
    const { body } = await application.createWhiteLabelUser('bob');
    const { code } = JSON.parse(application.decryptWhiteLabel(body.response).text);
    expect((await post(engine.url, 'pair', { code: 'AAAAAAAA' })).status).toBe(404);
    const name = `bob@${application.credentials.appKey}`;
    expect((await post(engine.url, 'pair', { code })).body).toEqual({ username: name });
    const guesses = [];
    for (let guess = 0; guess < 10; guess += 1) {
      guesses.push((await post(engine.url, 'pair', { code: 'AAAAAAAA' })).status);
    }
    expect(guesses).toEqual([...Array(9).fill(404), 429]);
  });

  it('says what it refuses', async () => {
    const { engine, application, user } = await share();
    await engine.createUser(`other-${user}`);
    const token = await application.authorize(user);
    const answer = (body: object) => post(engine.url, 'answer', body);
    expect(
      (await answer({ user: `other-${user}`, authRequest: token, approve: true })).status,
    ).toBe(404);
    expect((await answer({ user, authRequest: token, approve: 'yes' })).status).toBe(400);
    expect((await answer({ user, authRequest: 'x', approve: true })).status).toBe(404);
    // Only a text is one: to make a text of an array that is nested deeply overflows the stack.
    expect((await answer({ user, authRequest: [token], approve: true })).status).toBe(400);
    const number = { user, authRequest: token, approve: true, number: ['42'] };
    expect((await answer(number)).status).toBe(400);
    const end = { user, appKey: [application.credentials.appKey] };
    expect((await post(engine.url, 'end', end)).status).toBe(400);
    expect((await answer({ user, authRequest: token, approve: false })).status).toBe(200);
    const twice = await answer({ user, authRequest: token, approve: true });
    expect([twice.status, twice.body.error.code]).toEqual([409, 'ENGINE_REQUEST_ANSWERED']);
    expect((await post(engine.url, 'end', { user, appKey: '1' })).status).toBe(404);
    expect((await http(`${engine.url}/authenticator/virtual/state`)).status).toBe(400);
    expect((await http(`${engine.url}/authenticator/virtual/changes?user=nobody`)).status).toBe(
      404,
    );
  });

  it('tells the page of every change at once', async () => {
    const { engine, application, user } = await share();
    const leaving = new AbortController();
    onTestFinished(() => leaving.abort());
    const stream = await fetch(`${engine.url}/authenticator/virtual/changes?user=${user}`, {
      signal: leaving.signal,
    });
    expect(stream.headers.get('content-type')).toBe('text/event-stream');
    expect(stream.headers.get('content-security-policy')).toContain("default-src 'none'");
    const states = events(stream);
    expect((await states.next()).value.requests).toEqual([]);
    const token = await application.authorize(user);
    expect((await states.next()).value.requests).toMatchObject([{ authRequest: token }]);
    await engine.answer(token, true);
    expect((await states.next()).value.sessions).toMatchObject([{ count: 1, state: 'open' }]);
    await engine.deorbit(user);
    expect((await states.next()).value.sessions).toMatchObject([{ state: 'pending clear' }]);
    await application.log(token, 'Revoke');
    expect((await states.next()).value.sessions).toEqual([]);
  });

  it('keeps nothing for a page that does not read, but the newest state', async () => {
    const { engine, application } = await start({ limits: { pendingPerUser: 500 } });
    const { port, host } = new URL(engine.url);
    const socket = connect(Number(port), '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    socket.write(`GET /authenticator/virtual/changes?user=alice HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    await once(socket, 'readable');
    // Together these states are many times what the system keeps for a connection.
    const context = '\u20ac'.repeat(400);
    for (let asked = 0; asked < 300; asked += 1) await application.authorize('alice', { context });
    await application.authorize('alice', { context: 'the newest' });
    let text = '';
    for await (const chunk of socket) {
      text += chunk;
      if (/"the newest".*\n\n/.test(text)) break;
    }
    const states = text.split('event: state').length - 1;
    expect(states).toBeGreaterThan(1);
    expect(states).toBeLessThan(200);
  });

  it('lets no cache keep what it says of a user', async () => {
    const { engine, user } = await share();
    for (const path of [`state?user=${user}`, 'state?user=nobody']) {
      const { headers } = await http(`${engine.url}/authenticator/virtual/${path}`);
      expect(headers['cache-control']).toBe('no-store');
    }
  });

  it('follows 20 pages of a user and no more', async () => {
    const { engine, user } = await share();
    const url = `${engine.url}/authenticator/virtual/changes?user=${user}`;
    const leaving = new AbortController();
    onTestFinished(() => leaving.abort());
    const open = () => fetch(url, { signal: leaving.signal });
    const pages = await Promise.all(Array.from({ length: 20 }, open));
    expect(pages.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect((await http(url)).status).toBe(429);
  });

  it('sends headers that let the page load nothing but its own files', async () => {
    const { engine } = await share();
    const { headers } = await http(`${engine.url}/authenticator`);
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect(headers['x-frame-options']).toBe('DENY');
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['referrer-policy']).toBe('no-referrer');
    expect(headers['access-control-allow-origin']).toBeUndefined();
  });

  it('serves the built page, or says how to build it', async () => {
    const { engine } = await start();
    const page = await http(engine.authenticatorUrl);
    expect(page.status).toBe(built ? 200 : 503);
    expect(page.text).toContain(built ? '<title>Authenticator</title>' : 'npm run build');
  });

  it.runIf(built)(
    'is asked for its files each time, so that an upgrade reaches phones',
    async () => {
      const { engine } = await share();
      const page = `${engine.url}/authenticator`;
      for (const url of [page, `${page}/main.js`, `${page}/worker.js`, `${page}/icon-192.png`]) {
        const { headers } = await http(url);
        expect(headers['cache-control']).toBe('no-cache');
        const again = await http(url, { headers: { 'if-none-match': String(headers.etag) } });
        expect(again.status).toBe(304);
      }
    },
  );

  it.runIf(built)('has icons of the sizes that it says, as PNG for who takes no SVG', async () => {
    const { engine } = await share();
    const page = `${engine.url}/authenticator`;
    const { icons } = JSON.parse((await http(`${page}/manifest.webmanifest`)).text) as Manifest;
    const seen = await Promise.all(
      icons.map(async ({ src, purpose }) => [await look(`${page}/${src}`), purpose].join(' ')),
    );
    expect(seen).toEqual(icons.map(({ type, sizes, purpose }) => `${type} ${sizes} ${purpose}`));
    // What Android asks for before it installs a page.
    expect(seen).toEqual(
      expect.arrayContaining([
        'image/png 192x192 any',
        'image/png 512x512 any',
        'image/png 512x512 maskable',
      ]),
    );
    const html = (await http(page)).text;
    const touch = /<link rel="apple-touch-icon" href="authenticator\/([^"]+)">/.exec(html)?.[1];
    expect(await look(`${page}/${touch}`)).toBe('image/png 180x180');
  });
});

describe('the guard of the authenticator', () => {
  it.each([
    ['a foreign host name that resolves to this machine', { host: 'evil.example.com' }],
    ['a name with the right port', { host: 'evil.example.com:PORT' }],
    ['another port', { host: '127.0.0.1:1' }],
    ['a proxy', { 'x-forwarded-for': '203.0.113.9' }],
    ['a proxy by another sign', { forwarded: 'for=203.0.113.9' }],
  ])('refuses %s', async (_name, headers) => {
    const { engine, user } = await share();
    const { port } = new URL(engine.url);
    const set = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, String(value).replace('PORT', port)]),
    );
    for (const path of [`/virtual/state?user=${user}`, `/virtual/changes?user=${user}`]) {
      const reply = await http(`${engine.url}/authenticator${path}`, { headers: set });
      expect([reply.status, reply.text]).toEqual([403, expect.not.stringContaining(user)]);
    }
  });

  it('refuses a proxy that shows itself by its HTTP/1.0 alone', async () => {
    const { engine, user } = await share();
    const { port, host } = new URL(engine.url);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(`GET /authenticator/virtual/state?user=${user} HTTP/1.0\r\nHost: ${host}\r\n\r\n`);
    let reply = '';
    for await (const chunk of socket) reply += chunk;
    expect(reply).toMatch(/^HTTP\/1\.1 403 /);
    expect(reply).toContain('not served through a proxy');
  });

  it.each([
    ['another site', { origin: 'https://evil.example.com' }],
    ['another port of this machine', { origin: 'http://127.0.0.1:1' }],
    ['no site at all', {}],
    ['a sandboxed frame', { origin: 'null' }],
    ['a cross-site request', { origin: 'SELF', 'sec-fetch-site': 'cross-site' }],
    ['a same-site request', { origin: 'SELF', 'sec-fetch-site': 'same-site' }],
    ['a form', { origin: 'SELF', 'content-type': 'application/x-www-form-urlencoded' }],
    ['plain text', { origin: 'SELF', 'content-type': 'text/plain' }],
  ])('refuses an answer from %s', async (_name, headers) => {
    const { engine, application, user } = await share();
    const authRequest = await application.authorize(user);
    const set = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, value.replace('SELF', engine.url)]),
    );
    const reply = await post(engine.url, 'answer', { user, authRequest, approve: true }, set);
    expect(reply.status).toBe(403);
    expect(await engine.requests(user)).toMatchObject([{ authRequest }]);
  });

  it('refuses reading from another site', async () => {
    const { engine, user } = await share();
    const foreign: Record<string, string>[] = [
      { 'sec-fetch-site': 'cross-site' },
      { origin: 'https://evil.example' },
    ];
    for (const headers of foreign) {
      const url = `${engine.url}/authenticator/virtual/state?user=${user}`;
      expect((await http(url, { headers })).status).toBe(403);
    }
  });

  it('takes localhost as well', async () => {
    const { engine, user } = await share();
    const host = `localhost:${new URL(engine.url).port}`;
    const url = `${engine.url}/authenticator/virtual/state?user=${user}`;
    expect((await http(url, { headers: { host } })).status).toBe(200);
  });

  it('serves no virtual device when others than this machine can reach the engine, and says so', async () => {
    const engine = await startEngine({ host: '0.0.0.0' });
    onTestFinished(async () => await engine.close());
    await engine.createUser('alice');
    const { port } = new URL(engine.url);
    const base = `http://127.0.0.1:${port}/authenticator`;
    const { status, text } = await http(`${base}/virtual/state?user=alice`);
    expect(status).toBe(403);
    expect(text).toMatch(/listens on a loopback address/);
    expect((await http(base)).status).not.toBe(403);
    expect((await http(`http://127.0.0.1:${port}/v1/ping`)).status).toBe(200);
  });
});

/** The states that an event stream brings. */
// biome-ignore lint/suspicious/noExplicitAny: states are whatever the engine under test sends.
async function* events(response: Response): AsyncGenerator<any, any> {
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk).toString('utf8');
    const parts = text.split('\n\n');
    text = parts.pop() ?? '';
    for (const part of parts) {
      const data = /^event: state\ndata: (.*)$/.exec(part)?.[1];
      if (data) yield JSON.parse(data);
    }
  }
}
