import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import express from 'express';
import type {
  LaunchKeyStrategyOptionsWithoutRequest,
  WaitingOptions,
  WaitingStatus,
} from 'passport-launchkey';
import { describe, expect, it } from 'vitest';
import { serve } from '../support/app.js';
import { CookieJar } from '../support/cookies.js';
import { EngineProxy } from '../support/proxy.js';
import { serveWaiting } from '../support/waiting-app.js';
import { nextRequest, recordingStrategy, startWorld, type World } from '../support/world.js';

type Settings = Parameters<typeof serveWaiting>[1] & {
  strategy?: Partial<LaunchKeyStrategyOptionsWithoutRequest>;
  users?: string[];
};

async function start({ strategy: overrides, users, ...settings }: Settings = {}) {
  const world = await startWorld({ users });
  const proxy = await new EngineProxy(world.engine.url).start();
  const recording = recordingStrategy(world, {
    apiBaseUrl: `${proxy.url}/v1`,
    pending: 'redirect',
    waitUrl: '/login/wait',
    ...overrides,
  });
  const app = await serveWaiting(recording.strategy, settings);
  return { world, proxy, ...recording, ...app };
}

/** A browser that keeps its cookie. */
function browser(url: string) {
  const jar = new CookieJar();
  const send = async (path: string, { headers, ...init }: RequestInit = {}) => {
    const response = await fetch(url + path, {
      redirect: 'manual',
      headers: { cookie: String(jar), ...(headers as Record<string, string>) },
      ...init,
    });
    jar.keep(response.headers.getSetCookie());
    return response;
  };
  const post = (path: string, form: Record<string, string>, headers?: Record<string, string>) =>
    send(path, { method: 'POST', body: new URLSearchParams(form), headers });
  return {
    send,
    post,
    /** Begins a login, and returns the URL of its waiting page. */
    begin: async (username = 'alice') =>
      (await post('/login', { username })).headers.get('location') ?? '',
    page: (path: string) => send(path, { headers: { accept: 'text/html,*/*;q=0.8' } }),
    html: async (path: string) => (await send(path, { headers: { accept: 'text/html' } })).text(),
    /** Requests the status, which is held for at most this many seconds. */
    status: async (path: string, wait = 0) => {
      const headers = { accept: 'application/json', prefer: `wait=${wait}` };
      return (await (await send(path, { headers })).json()) as WaitingStatus;
    },
  };
}

const handleIn = (path: string) => new URL(path, 'http://app').searchParams.get('request') ?? '';

async function answer({ engine }: World, approve = true, user = 'alice') {
  await engine.answer(await nextRequest(engine, user), approve);
}

const shown = (html: string) =>
  [...html.matchAll(/<section data-section="(\w+)">/g)].map(([, state]) => state);

describe('the status of the waiting page', () => {
  it('goes from pending to answered to finished', async () => {
    const { world, verified, url } = await start();
    const alice = browser(url);
    const page = await alice.begin();
    const { expiresIn, ...rest } = await alice.status(page);
    expect(rest).toEqual({ state: 'pending' });
    expect(expiresIn).toBeGreaterThan(290);
    expect(expiresIn).toBeLessThanOrEqual(300);
    await answer(world);
    const answered = await alice.status(page);
    expect(answered).toEqual({ state: 'answered', expiresIn: expect.any(Number) });
    expect(verified).toEqual([]);
    await alice.post('/login', { request: handleIn(page) });
    expect(await alice.status(page)).toEqual({ state: 'finished', expiresIn: 0 });
  });

  it('is held open until there is an answer', async () => {
    const { world, proxy, url } = await start();
    const alice = browser(url);
    const page = await alice.begin();
    const polled = proxy.next('/poll');
    const status = alice.status(page, 20);
    await polled;
    await answer(world);
    expect(await status).toMatchObject({ state: 'answered' });
  });

  it('is held for no longer than the client allows', async () => {
    const { url } = await start();
    const alice = browser(url);
    expect(await alice.status(await alice.begin(), 1)).toMatchObject({ state: 'pending' });
  });

  it('stops waiting when the browser leaves', async () => {
    const { proxy, url } = await start();
    const alice = browser(url);
    const page = await alice.begin();
    const gone = new AbortController();
    const polled = proxy.next('/poll');
    const status = alice.send(page, {
      headers: { accept: 'application/json' },
      signal: gone.signal,
    });
    await polled;
    const dropped = once(proxy, 'dropped');
    gone.abort();
    await expect(status).rejects.toThrow();
    await dropped;
  });

  it('contains the number while the login is pending', async () => {
    const { world, url } = await start({ strategy: { numberMatching: true } });
    const alice = browser(url);
    const page = await alice.begin();
    const { number } = await alice.status(page);
    const [, first, second] = /^(\d{3})(\d{3})$/.exec(String(number)) ?? [];
    expect(await alice.html(page)).toContain(
      `Type this number on your phone <strong>${first}&nbsp;${second}</strong>`,
    );
    await world.engine.answer(await nextRequest(world.engine), true, { number });
    expect(await alice.status(page)).toEqual({ state: 'answered', expiresIn: expect.any(Number) });
  });

  it('reports a denial as often as it is asked, and tells the engine at once', async () => {
    const { world, proxy, verified, url } = await start();
    const alice = browser(url);
    const page = await alice.begin();
    await answer(world, false);
    expect(await alice.status(page)).toEqual({ state: 'denied', expiresIn: 0 });
    expect(proxy.of('/logs')).toHaveLength(1);
    expect(await alice.status(page)).toEqual({ state: 'denied', expiresIn: 0 });
    expect(shown(await alice.html(page))).toEqual(['denied']);
    expect(proxy.of('/logs')).toHaveLength(1);
    expect(verified).toEqual([]);
  });

  it('reports a denial even if the engine cannot be told yet', async () => {
    const { world, proxy, url } = await start();
    const alice = browser(url);
    const page = await alice.begin();
    await answer(world, false);
    proxy.intercept = ({ path }) =>
      path.endsWith('/logs') ? { status: 503, body: 'away' } : undefined;
    expect(await alice.status(page)).toMatchObject({ state: 'denied' });
    proxy.intercept = undefined;
    expect(await alice.status(page)).toMatchObject({ state: 'denied' });
    expect(proxy.of('/logs').map(({ status }) => status)).toEqual([503, 200]);
  });

  it('reports an expired login', async () => {
    const { url } = await start({ strategy: { loginTimeout: 300 } });
    const alice = browser(url);
    const page = await alice.begin();
    expect(await alice.status(page, 5)).toEqual({ state: 'expired', expiresIn: 0 });
    expect(shown(await alice.html(page))).toEqual(['expired']);
  });

  it('reports that the engine is away, and that it is back', async () => {
    const { world, proxy, url } = await start();
    const alice = browser(url);
    const page = await alice.begin();
    proxy.intercept = () => ({ status: 503, body: 'away' });
    for (const wait of [20, 0]) {
      expect(await alice.status(page, wait)).toMatchObject({ state: 'pending', away: true });
    }
    expect(await alice.html(page)).toMatch(/<p class="notice" data-away>/);
    proxy.intercept = undefined;
    expect(await alice.status(page)).not.toHaveProperty('away');
    expect(await alice.html(page)).toMatch(/<p class="notice" data-away hidden>/);
    await answer(world);
    expect(await alice.status(page)).toMatchObject({ state: 'answered' });
  });

  it('comes with the page even if the engine does not answer', async () => {
    const { proxy, url } = await start();
    const alice = browser(url);
    const page = await alice.begin();
    let answerNow: (() => void) | undefined;
    proxy.holdBack = () =>
      new Promise<void>((resolve) => {
        answerNow = resolve;
      });
    expect(await alice.html(page)).toMatch(/<p class="notice" data-away>/);
    answerNow?.();
  });

  it('passes faults of the application to its error handler', async () => {
    const { proxy, url } = await start({
      extend: (app) => {
        app.use(((error, _req, res, _next) => {
          res.status(500).json({ error: error.name });
        }) as express.ErrorRequestHandler);
      },
    });
    const alice = browser(url);
    const page = await alice.begin();
    proxy.intercept = () => ({
      status: 400,
      body: JSON.stringify({ message_code: 70422, message: 'app key' }),
    });
    expect(await alice.status(page)).toEqual({ error: expect.stringMatching(/Error$/) });
  });
});

describe('the access to the waiting page', () => {
  it('is limited to the browser that began the login', async () => {
    const { world, url } = await start();
    const alice = browser(url);
    const page = await alice.begin();
    const mallory = browser(url);
    await mallory.begin();
    for (const other of [mallory, browser(url)]) {
      expect(await other.status(page)).toEqual({ state: 'unknown', expiresIn: 0 });
      const response = await other.page(page);
      expect(response.status).toBe(404);
      const html = await response.text();
      expect(shown(html)).toEqual(['unknown']);
      expect(html).not.toContain('alice');
      expect(html).not.toContain(handleIn(page));
      await other.post(page, { action: 'cancel' });
    }
    await answer(world);
    expect(await alice.status(page)).toMatchObject({ state: 'answered' });
  });

  it.each(['', '?request=', '?request=unknown', '?request=constructor&request=x'])(
    'shows nothing without a pending login: %j',
    async (query) => {
      const { url } = await start();
      const response = await browser(url).page(`/login/wait${query}`);
      expect(response.status).toBe(404);
      expect(await response.text()).toContain('href="/login"');
    },
  );

  it('fails with an explanation without sessions', async () => {
    const { strategy } = await start();
    const app = express();
    app.use('/login/wait', strategy.waiting());
    app.use(((error, _req, res, _next) => {
      res.send(error.message);
    }) as express.ErrorRequestHandler);
    const response = await fetch(`${await serve(app)}/login/wait?request=a`);
    expect(await response.text()).toContain('needs sessions');
  });

  it('does not reveal the engine’s token', async () => {
    const { world, url } = await start();
    const alice = browser(url);
    const page = await alice.begin();
    const token = await nextRequest(world.engine);
    expect(await alice.html(page)).not.toContain(token);
    expect(JSON.stringify(await alice.status(page))).not.toContain(token);
  });
});

describe('the waiting page', () => {
  it('writes nothing to the session and logs no one in, for any number of requests', async () => {
    const { world, verified, writes, url } = await start();
    const alice = browser(url);
    const page = await alice.begin();
    const begun = writes();
    await alice.html(page);
    await alice.status(page);
    await answer(world);
    await alice.status(page);
    expect(shown(await alice.html(page))).toEqual(['answered']);
    await alice.post(page, { action: 'cancel' });
    expect(writes()).toBe(begun);
    expect(verified).toEqual([]);
    await alice.post('/login', { request: handleIn(page) });
    expect(verified).toHaveLength(1);
  });

  it('shows a finished login as a success', async () => {
    const { world, url } = await start({ waiting: { successUrl: '/home' } });
    const alice = browser(url);
    const page = await alice.begin();
    await answer(world);
    await alice.post('/login', { request: handleIn(page) });
    const response = await alice.page(page);
    const html = await response.text();
    expect(response.status).toBe(200);
    expect(shown(html)).toEqual(['finished']);
    expect(html).toContain('href="/home"');
    expect(html).not.toContain('<script');
  });

  it('does not show a success if the application refused the user', async () => {
    const { world, refuseEveryone, url } = await start();
    refuseEveryone();
    const alice = browser(url);
    const page = await alice.begin();
    await answer(world);
    await alice.post('/login', { request: handleIn(page) });
    expect(shown(await alice.html(page))).toEqual(['over']);
    expect(await alice.status(page)).toEqual({ state: 'finished', expiresIn: 0 });
  });

  it('reloads itself without JavaScript only while the login is pending', async () => {
    const { world, url } = await start();
    const alice = browser(url);
    const page = await alice.begin();
    const refresh = '<noscript><meta http-equiv="refresh"';
    expect(await alice.html(page)).toContain(refresh);
    await answer(world);
    expect(await alice.html(page)).not.toContain(refresh);
  });

  it('escapes all text from outside', async () => {
    const evil = `"><script>alert('1')</script>&{time}`;
    const { url } = await start({
      strategy: { concealUsers: true },
      waiting: {
        loginUrl: '/login?a=1&b=2',
        texts: { pendingTitle: evil, lang: evil, lastMinute: evil },
        fields: () => ({ [evil]: evil }),
      },
    });
    const alice = browser(url);
    const html = await alice.html(await alice.begin(evil));
    expect(html).not.toContain('<script>');
    expect(html).not.toContain("alert('1')");
    expect(html).toContain('&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;{time}');
    expect(html).toContain('action="/login?a=1&amp;b=2"');
  });

  it('uses the application’s language and hidden fields', async () => {
    const { url } = await start({
      waiting: {
        texts: (req) => ({ lang: 'de', pendingTitle: `Bitte warten, ${req.headers['x-name']}` }),
        fields: () => ({ _csrf: 'token' }),
        stylesheet: '/brand.css',
      },
    });
    const alice = browser(url);
    const page = await alice.begin();
    const response = await alice.send(page, { headers: { accept: 'text/html', 'x-name': 'Ada' } });
    const html = await response.text();
    expect(html).toContain('<html lang="de" dir="ltr">');
    expect(html).toContain('<title>Bitte warten, Ada</title>');
    const forms = html.match(/<form/g)?.length;
    expect(html.match(/<form[^>]*><input type="hidden" name="_csrf" value="token">/g)).toHaveLength(
      forms ?? 0,
    );
    expect(html).toContain('<link rel="stylesheet" href="/brand.css">');
  });

  it('has headers that keep it private and forbid foreign code', async () => {
    const { url } = await start();
    const alice = browser(url);
    const page = await alice.begin();
    const { headers } = await alice.page(page);
    expect(headers.get('content-security-policy')).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'",
    );
    expect(headers.get('referrer-policy')).toBe('same-origin');
    expect(headers.get('x-frame-options')).toBe('DENY');
    for (const accept of ['text/html', 'application/json']) {
      const response = await alice.send(page, { headers: { accept, prefer: 'wait=0' } });
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
      expect(response.headers.get('vary')).toContain('Accept');
    }
  });

  it('allows the URLs of other sites that the application named', async () => {
    const { url } = await start({
      waiting: {
        loginUrl: 'https://login.example.com/in',
        successUrl: 'https://app.example.com/',
        stylesheet: 'https://cdn.example.com/a.css',
      },
    });
    const { headers } = await browser(url).page('/login/wait');
    const policy = headers.get('content-security-policy');
    expect(policy).toContain("style-src 'self' https://cdn.example.com;");
    expect(policy).toContain(
      "form-action 'self' https://login.example.com https://app.example.com;",
    );
  });

  it.each<[keyof WaitingOptions, unknown]>([
    ['loginUrl', '//elsewhere'],
    ['loginUrl', 'javascript:alert(1)'],
    ['successUrl', 7],
    ['stylesheet', "/a.css'; script-src *"],
    ['texts', { nosuch: 'text' }],
    ['texts', { cancel: 7 }],
    ['texts', null],
    ['fields', {}],
  ])('refuses an unusable %s: %j', async (option, value) => {
    await expect(start({ waiting: { [option]: value } as never })).rejects.toThrow(option);
  });
});

describe('the style sheet of the waiting page', () => {
  it('has exactly the custom properties that the manual lists', async () => {
    const { url } = await start();
    const properties = (text: string) =>
      [...new Set(text.match(/--launchkey-[a-z-]*[a-z]/g))].sort();
    const page = new URL('../../docs/waiting-and-pairing.md', import.meta.url);
    const manual = await readFile(page, 'utf8');
    const css = await (await fetch(`${url}/login/wait/waiting.css`)).text();
    expect(properties(css)).not.toEqual([]);
    expect(properties(manual)).toEqual(properties(css));
  });
});

describe('cancelling a login', () => {
  it('ends the login, and redirects to the login page', async () => {
    const { world, verified, url } = await start();
    const alice = browser(url);
    const page = await alice.begin();
    const cancelled = await alice.post(page, { action: 'cancel' });
    expect([cancelled.status, cancelled.headers.get('location')]).toEqual([303, '/login']);
    expect(await world.engine.requests('alice')).toEqual([]);
    expect(await alice.status(page)).toEqual({
      state: 'denied',
      expiresIn: 0,
      reason: 'cancelled',
    });
    const finish = await alice.post('/login', { request: handleIn(page) });
    expect(finish.headers.get('location')).toBe('/login');
    expect(verified).toEqual([]);
  });

  it('ends the wait of another tab', async () => {
    const { proxy, url } = await start();
    const alice = browser(url);
    const page = await alice.begin();
    const polled = proxy.next('/poll');
    const status = alice.status(page, 20);
    await polled;
    await alice.post(page, { action: 'cancel' });
    expect(await status).toMatchObject({ state: 'denied' });
  });

  it('has no effect after an approval, which the page then shows', async () => {
    const { world, verified, url } = await start();
    const alice = browser(url);
    const page = await alice.begin();
    await answer(world);
    await alice.status(page);
    const late = await alice.post(page, { action: 'cancel' });
    expect(late.status).toBe(303);
    expect(new URL(late.headers.get('location') ?? '', url + page).href).toBe(url + page);
    expect(shown(await alice.html(page))).toEqual(['answered']);
    await alice.post('/login', { request: handleIn(page) });
    expect(verified).toHaveLength(1);
  });

  it('races with the answer, and all requests see the same end', async () => {
    const { world, verified, url } = await start();
    for (let round = 0; round < 20; round++) {
      const alice = browser(url);
      const page = await alice.begin();
      const before = verified.length;
      await answer(world);
      const [late, status] = await Promise.all([
        alice.post(page, { action: 'cancel' }),
        alice.status(page),
      ]);
      const cancelled = late.headers.get('location') === '/login';
      expect(status.state).toBe(cancelled ? 'denied' : 'answered');
      await alice.post('/login', { request: handleIn(page) });
      expect(verified.length - before).toBe(cancelled ? 0 : 1);
    }
  });

  it.each<[string, Record<string, string>]>([
    ['Sec-Fetch-Site: cross-site', { 'sec-fetch-site': 'cross-site' }],
    ['Sec-Fetch-Site: same-site', { 'sec-fetch-site': 'same-site' }],
    ['Origin: https://evil.example', { origin: 'https://evil.example' }],
    ['Origin: null', { origin: 'null' }],
  ])('is refused from another site: %s', async (_what, headers) => {
    const { url } = await start();
    const alice = browser(url);
    const page = await alice.begin();
    expect((await alice.post(page, { action: 'cancel' }, headers)).status).toBe(403);
    expect(await alice.status(page)).toMatchObject({ state: 'pending' });
  });

  it('accepts the form from its own site, parsed or not', async () => {
    for (const before of [[], [express.urlencoded({ extended: false })]]) {
      const { url } = await start({ before });
      const alice = browser(url);
      const page = await alice.begin();
      const headers = { origin: url };
      const form = { action: 'cancel', request: handleIn(page) };
      expect((await alice.post('/login/wait', form, headers)).status).toBe(303);
      expect(await alice.status(page)).toMatchObject({ state: 'denied' });
    }
  });

  it.each([{ action: 'else' }, {}, { action: 'x'.repeat(70_000) }])(
    'does nothing for a form with another action',
    async (form) => {
      const { url } = await start();
      const alice = browser(url);
      const page = await alice.begin();
      expect((await alice.post(page, form as Record<string, string>)).status).toBe(400);
      expect(await alice.status(page)).toMatchObject({ state: 'pending' });
    },
  );
});

describe('the mount path of the waiting page', () => {
  const links = (html: string) =>
    [...html.matchAll(/(?:href|src)="(\?asset=[^"]+)"/g)].map(([, link]) =>
      (link ?? '').replaceAll('&amp;', '&'),
    );

  it.each(['use', 'all'] as const)('serves script and style sheet by app.%s', async (mount) => {
    const { url } = await start({ mount });
    const alice = browser(url);
    const page = await alice.begin();
    const found = links(await alice.html(page));
    expect(found).toHaveLength(2);
    for (const link of found) {
      const response = await alice.send(new URL(link, url + page).href.slice(url.length));
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toMatch(/^text\/(css|javascript)/);
      expect(response.headers.get('cache-control')).toContain('immutable');
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
      expect((await response.text()).length).toBeGreaterThan(1000);
    }
  });

  it('does not let browsers cache another version', async () => {
    const { url } = await start();
    for (const path of ['/login/wait?asset=waiting.js&v=other', '/login/wait/waiting.css']) {
      const response = await fetch(url + path);
      expect(response.headers.get('cache-control')).toBe('no-cache');
    }
  });

  it('does not serve unknown assets', async () => {
    const { url } = await start();
    for (const asset of ['constructor', '../package.json', 'waiting.ts']) {
      expect((await fetch(`${url}/login/wait?asset=${asset}`)).status).toBe(404);
    }
  });

  it('refuses other methods', async () => {
    const { url } = await start();
    const response = await fetch(`${url}/login/wait`, { method: 'DELETE' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST']);
  });

  it('answers HEAD like GET, without a body', async () => {
    const { url } = await start();
    const response = await fetch(`${url}/login/wait`, { method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([404, '']);
  });

  it('works without the features of Express', async () => {
    const { strategy } = await start();
    const handler = strategy.waiting();
    const server = createServer((req: IncomingMessage & { session?: object }, res) => {
      req.session = {};
      handler(req, res as ServerResponse, () => res.destroy());
    });
    const plain = await serve(server.listeners('request')[0] as never);
    expect((await fetch(`${plain}/anything?asset=waiting.js`)).status).toBe(200);
    expect(shown(await (await fetch(`${plain}/anything`)).text())).toEqual(['unknown']);
    const cancelled = await fetch(`${plain}/`, {
      method: 'POST',
      body: 'action=cancel',
      redirect: 'manual',
    });
    expect(cancelled.headers.get('location')).toBe('/login');
  });
});
