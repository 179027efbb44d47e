import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Engine, startEngine } from 'launchkey-engine';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Accounts } from '../accounts.js';
import { Browser, type Page } from './browser.js';

/** What the pages of a failed login, link and unlinking say. */
const TAKEN = 'This phone is linked to another account. Unlink it there first.';
const OCCUPIED = 'Another phone is linked to your account. Unlink that one first.';
const ONLY_WAY = 'The phone is the only way to log in to this account. Add a password first.';

const PASSWORD = 'correct horse';

describe.each([
  ['Express 5', 'express', 'Express 5'],
  ['Express 4', 'express4', 'Express 4'],
])('the example on %s', (_name, version) => {
  /** An engine with two users, and the application on that version of Express. */
  async function start() {
    vi.resetModules();
    vi.doMock('express', () => import(version));
    const { createApp } = await import('../app.js');
    const engine = await startEngine({ port: 0, rateLimit: false });
    const accounts = new Accounts(':memory:');
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(async () => {
      server.close();
      server.closeAllConnections();
      await engine.close();
      accounts.close();
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    for (const user of ['alice', 'bob']) await engine.createUser(user);
    const app = await engine.createApp({
      name: 'Example',
      callbackUrl: `${url}/launchkey/callback`,
    });
    server.on(
      'request',
      createApp({
        accounts,
        sessionSecret: 'test',
        launchkey: { ...app, apiBaseUrl: `${engine.url}/v1` },
      }),
    );
    return { engine, accounts, url };
  }

  /** Answers on the phone, with the number that the waiting page shows. */
  async function answer(engine: Engine, page: Page, approve = true): Promise<void> {
    const user = /<bdi>(\w+)<\/bdi>/.exec(page.html)?.[1] ?? '';
    const number = /class="number typed">.*<strong>([^<]+)/
      .exec(page.html)?.[1]
      ?.replace(/\D/g, '');
    const [request] = await engine.requests(user);
    if (!request) throw new Error(`The phone of ${user} shows no request`);
    await engine.answer(request.authRequest, approve, approve ? { number } : {});
  }

  /** What the button of the waiting page does. */
  function goOn(browser: Browser, { path }: Page, to: string): Promise<Page> {
    const request = new URL(path, 'http://app').searchParams.get('request') ?? '';
    return browser.submit(to, { request });
  }

  async function logIn(engine: Engine, browser: Browser, username = 'alice'): Promise<Page> {
    const waiting = await browser.submit('/login', { username });
    await answer(engine, waiting);
    return goOn(browser, waiting, '/login');
  }

  async function linkPhone(engine: Engine, browser: Browser, username: string): Promise<Page> {
    const waiting = await browser.submit('/account/phone', { username });
    await answer(engine, waiting);
    return goOn(browser, waiting, '/account/phone');
  }

  async function signUp(browser: Browser, email: string): Promise<Page> {
    return browser.submit('/signup', { email, password: PASSWORD });
  }

  it('runs on the version that it says', async () => {
    await start();
    const express = (await import('express')).default;
    // Express 5 has taken out app.del().
    expect('del' in express()).toBe(version === 'express4');
  });

  it('sends a stranger to the login page', async () => {
    const { url } = await start();
    for (const path of ['/', '/account', '/account/phone']) {
      expect((await new Browser(url).open(path)).path).toBe('/login');
    }
  });

  it('logs in after the right number was typed, and out again', async () => {
    const { engine, url } = await start();
    const browser = new Browser(url);
    const home = await logIn(engine, browser);
    expect(home).toMatchObject({ status: 200, path: '/' });
    expect(home.html).toContain('Hello, alice');
    expect((await browser.submit('/logout')).path).toBe('/login');
    expect((await browser.open('/')).path).toBe('/login');
    expect(await engine.deorbit('alice')).toEqual([]);
  });

  it('makes one account for a phone, however often it logs in', async () => {
    const { engine, accounts, url } = await start();
    await logIn(engine, new Browser(url));
    await logIn(engine, new Browser(url));
    expect(accounts.find(1)).toMatchObject({ name: 'alice' });
    expect(accounts.find(2)).toBeUndefined();
  });

  it('does not log in who was denied', async () => {
    const { engine, url } = await start();
    const browser = new Browser(url);
    const waiting = await browser.submit('/login', { username: 'alice' });
    await answer(engine, waiting, false);
    expect((await browser.open(waiting.path)).html).toContain('Not approved');
    const login = await goOn(browser, waiting, '/login');
    expect(login.path).toBe('/login');
    expect(login.html).toContain('The login was denied.');
    expect((await browser.open('/')).path).toBe('/login');
  });

  it('ends at the next click a login that was ended on the phone', async () => {
    const { engine, url } = await start();
    const browser = new Browser(url);
    await logIn(engine, browser);
    await engine.deorbit('alice');
    // The engine's event comes when it comes.
    await vi.waitUntil(async () => (await browser.open('/')).path === '/login', {
      timeout: 20_000,
    });
  });

  it('links a phone to an account, which it then logs in to, and unlinks it', async () => {
    const { engine, url } = await start();
    const browser = new Browser(url);
    await signUp(browser, 'ann@example.com');
    const linked = await linkPhone(engine, browser, 'bob');
    expect(linked.path).toBe('/account');
    expect(linked.html).toContain('The phone of <strong>bob</strong>');
    expect((await browser.open('/')).html).toContain('Hello, ann@example.com');

    const other = new Browser(url);
    expect((await logIn(engine, other, 'bob')).html).toContain('Hello, ann@example.com');
    const unlinked = await other.submit('/account/phone/unlink');
    expect(unlinked).toMatchObject({ status: 200, path: '/account' });
    expect(unlinked.html).toContain('No phone is linked.');
    // The phone shows no session of an account that it has nothing to do with.
    expect(await engine.deorbit('bob')).toEqual([]);
    expect((await logIn(engine, new Browser(url), 'bob')).html).toContain('Hello, bob');
  });

  it('refuses to link a phone that is linked to another account', async () => {
    const { engine, url } = await start();
    await logIn(engine, new Browser(url));
    const browser = new Browser(url);
    await signUp(browser, 'ann@example.com');
    const refused = await linkPhone(engine, browser, 'alice');
    expect(refused.path).toBe('/account/phone');
    expect(refused.html).toContain(TAKEN);
    expect((await browser.open('/account')).html).toContain('No phone is linked.');
    expect((await logIn(engine, new Browser(url))).html).toContain('Hello, alice');
  });

  it('refuses a second phone', async () => {
    const { engine, url } = await start();
    const browser = new Browser(url);
    await logIn(engine, browser);
    const refused = await linkPhone(engine, browser, 'bob');
    expect(refused.html).toContain(OCCUPIED);
    expect((await browser.open('/account')).html).toContain('The phone of <strong>alice</strong>');
  });

  it('keeps the last way to log in, until there is a password', async () => {
    const { engine, url } = await start();
    const browser = new Browser(url);
    await logIn(engine, browser);
    const refused = await browser.submit('/account/phone/unlink');
    expect(refused.status).toBe(409);
    expect(refused.html).toContain(ONLY_WAY);
    expect(refused.html).toContain('The phone of <strong>alice</strong>');

    await browser.submit('/account/password', { email: 'a@example.com', password: PASSWORD });
    expect((await browser.submit('/account/phone/unlink')).html).toContain('No phone is linked.');
    await browser.submit('/logout');
    const home = await browser.submit('/login/password', {
      email: 'A@example.com',
      password: PASSWORD,
    });
    expect(home.html).toContain('Hello, alice');
  });

  it('does not link an approval that was made for another account', async () => {
    const { engine, url } = await start();
    const browser = new Browser(url);
    await signUp(browser, 'ann@example.com');
    const waiting = await browser.submit('/account/phone', { username: 'bob' });
    await answer(engine, waiting);
    await browser.submit('/logout');
    await signUp(browser, 'eve@example.com');
    await goOn(browser, waiting, '/account/phone');
    expect((await browser.open('/account')).html).toContain('No phone is linked.');
    // Nor is it a login.
    await browser.submit('/logout');
    expect((await goOn(browser, waiting, '/login')).path).toBe('/login');
    expect((await browser.open('/')).path).toBe('/login');
  });

  it('refuses the forms of other sites', async () => {
    const { engine, url } = await start();
    const browser = new Browser(url);
    await signUp(browser, 'ann@example.com');
    for (const path of [
      '/login',
      '/logout',
      '/account/phone',
      '/account/phone/unlink',
      '/signup',
    ]) {
      for (const headers of [
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site' },
        { origin: 'https://elsewhere.example' },
        { origin: 'null' },
      ]) {
        const { status } = await browser.submit(path, { username: 'alice' }, headers as never);
        expect(status).toBe(403);
      }
    }
    expect(await engine.requests('alice')).toEqual([]);
    expect((await browser.open('/')).html).toContain('Hello, ann@example.com');
    const old = await browser.submit('/logout', {}, { origin: url });
    expect(old.path).toBe('/login');
  });

  it('refuses wrong passwords, weak ones, and addresses that are taken', async () => {
    const { url } = await start();
    await signUp(new Browser(url), 'ann@example.com');
    const browser = new Browser(url);
    const tries = [
      await browser.submit('/login/password', { email: 'ann@example.com', password: 'wrong one' }),
      await browser.submit('/login/password', { email: 'eve@example.com', password: PASSWORD }),
      await browser.submit('/login/password'),
      await browser.submit('/signup', { email: 'eve@example.com', password: 'short' }),
      await browser.submit('/signup', { email: '"><script>', password: PASSWORD }),
      await browser.submit('/signup', { email: 'Ann@example.com', password: PASSWORD }),
    ];
    expect(tries.map(({ status }) => status)).toEqual([401, 401, 401, 400, 400, 409]);
    expect(tries[4]?.html).not.toContain('<script>');
    expect((await browser.open('/')).path).toBe('/login');
  });

  it('answers with a page when the engine is away', async () => {
    const { engine, url } = await start();
    await engine.close();
    const complaints = vi.spyOn(console, 'error').mockImplementation(() => {});
    onTestFinished(() => complaints.mockRestore());
    const page = await new Browser(url).submit('/login', { username: 'alice' });
    expect(page).toMatchObject({ status: 503 });
    expect(page.html).toContain('Please try again later.');
  });
});
