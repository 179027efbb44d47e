import { randomBytes } from 'node:crypto';
import { LaunchKeyStrategy, type LaunchKeyStrategyOptionsWithoutRequest } from 'passport-launchkey';
import { describe, expect, it } from 'vitest';
import { KnownBrowsers } from '../lib/web/known-browser.js';
import { TestBrowser } from './support/browser.js';
import { CookieJar } from './support/cookies.js';
import { EngineProxy } from './support/proxy.js';
import { serveWaiting } from './support/waiting-app.js';
import { nextRequest, recordingStrategy, startWorld } from './support/world.js';

const COOKIE = /^(__Host-)?launchkey-browser-/;
const ALICE_KNOWN = { known: true, id: expect.stringMatching(/^[\w-]{32}$/) };

async function start(overrides: Partial<LaunchKeyStrategyOptionsWithoutRequest> = {}) {
  const world = await startWorld({ users: ['alice', 'bob'] });
  const proxy = await new EngineProxy(world.engine.url).start();
  const { strategy } = recordingStrategy(world, {
    apiBaseUrl: `${proxy.url}/v1`,
    requester: false,
    ...overrides,
  });
  const { url } = await serveWaiting(strategy);
  /** Logs in, and resolves to what the engine was told of the browser. */
  const logIn = async (
    browser: TestBrowser,
    username = 'alice',
    answer: [boolean, { reason?: 'fraudulent' }?] = [true],
  ) => {
    const response = browser.post('/login', { username });
    await world.engine.answer(await nextRequest(world.engine, username.trim()), ...answer);
    const { status } = await response;
    const text = proxy.of('/auths').at(-1)?.form.get('browser');
    return { status, browser: text ? JSON.parse(text) : undefined };
  };
  return { world, url, logIn, browser: new TestBrowser(url) };
}

describe('a browser in which a user has logged in', () => {
  it('is known to the engine from the second login on, for this user alone', async () => {
    const { logIn, browser, url } = await start();
    expect(await logIn(browser)).toMatchObject({ browser: { known: false } });
    const second = await logIn(browser);
    expect(second.browser).toEqual(ALICE_KNOWN);
    expect((await logIn(browser, 'bob')).browser).toEqual({ known: false });
    expect((await logIn(new TestBrowser(url))).browser).toEqual({ known: false });
    expect(await logIn(browser)).toEqual(second);
    const afterLogout = new TestBrowser(
      url,
      browser.jar.copy((name) => COOKIE.test(name)),
    );
    expect(await logIn(afterLogout)).toEqual(second);
  });

  it('still has to wait for the approval', async () => {
    const { world, logIn, browser } = await start();
    await logIn(browser);
    const response = browser.post('/login', { username: 'alice' });
    await world.engine.answer(await nextRequest(world.engine), false);
    expect((await response).headers.get('location')).toBe('/login');
  });

  it('is no longer known after its request was reported as fraud', async () => {
    const { logIn, browser } = await start();
    await logIn(browser);
    await logIn(browser, 'bob');
    expect((await logIn(browser, 'alice', [false, { reason: 'fraudulent' }])).browser).toEqual(
      ALICE_KNOWN,
    );
    expect(browser.jar.names.filter((name) => COOKIE.test(name))).toHaveLength(1);
    expect((await logIn(browser, 'bob')).browser).toMatchObject({ known: true });
    expect((await logIn(browser)).browser).toEqual({ known: false });
  });

  it('is no longer known once the waiting page shows a report of fraud', async () => {
    const { world, browser } = await start({ pending: 'redirect', waitUrl: '/login/wait' });
    await browser.post('/login', { username: 'alice' });
    await world.engine.answer(await nextRequest(world.engine), true);
    await browser.post('/login');
    expect(browser.jar.names.filter((name) => COOKIE.test(name))).toHaveLength(1);
    const page = (await browser.leadsTo('/login', { username: 'alice' })) ?? '';
    await world.engine.answer(await nextRequest(world.engine), false, { reason: 'fraudulent' });
    expect(await browser.status(page)).toMatchObject({ state: 'denied' });
    expect(browser.jar.names.filter((name) => COOKIE.test(name))).toEqual([]);
  });

  it('is no longer known after the user was deleted', async () => {
    const { world, logIn, browser } = await start();
    await logIn(browser);
    await world.engine.deleteUser('alice');
    await browser.post('/login', { username: 'alice' });
    expect(browser.jar.names.filter((name) => COOKIE.test(name))).toEqual([]);
  });

  it('keeps no cookie with knownBrowsers: false, and the engine is told nothing', async () => {
    const { logIn, browser } = await start({ knownBrowsers: false });
    expect((await logIn(browser)).browser).toBeUndefined();
    expect((await logIn(browser)).browser).toBeUndefined();
    expect(browser.jar.names.filter((name) => COOKIE.test(name))).toEqual([]);
  });
});

describe('the cookie of a known browser', () => {
  const KEY = randomBytes(32);
  const known = (keys = [KEY]) => new KnownBrowsers('1234567890', keys);

  /** The request of a browser, whose response sets the cookies of a jar. */
  function request(jar: CookieJar) {
    const lines: string[] = [];
    return {
      headers: { cookie: String(jar) },
      res: {
        headersSent: false,
        getHeader: () => lines,
        setHeader: (_name: string, value: string[]) => {
          lines.splice(0, lines.length, ...value);
          jar.keep(value);
        },
      },
      lines,
    };
  }

  function remember(browsers: KnownBrowsers, jar: CookieJar, ...users: string[]) {
    for (const user of users) browsers.remember(request(jar), user);
  }

  const isKnown = (browsers: KnownBrowsers, jar: CookieJar, user: string) =>
    browsers.recognise(request(jar), user)?.known;

  it('lasts 180 days and is for the server alone', () => {
    const jar = new CookieJar();
    const { lines, ...req } = request(jar);
    known().remember(req, 'alice');
    expect(lines).toEqual([
      expect.stringMatching(
        /^launchkey-browser-[0-9a-f]{8}=\S+; Path=\/; Max-Age=15552000; HttpOnly; SameSite=Lax$/,
      ),
    ]);
  });

  it('knows a name in every spelling', () => {
    const jar = new CookieJar();
    remember(known(), jar, 'José');
    expect(isKnown(known(), jar, ' JOSE\u0301 ')).toBe(true);
  });

  it('keeps the five newest users', () => {
    const jar = new CookieJar();
    remember(known(), jar, 'one', 'two', 'three', 'four', 'five', 'one', 'six');
    const users = ['one', 'two', 'three', 'four', 'five', 'six'];
    expect(users.filter((user) => isKnown(known(), jar, user))).toEqual(
      users.filter((user) => user !== 'two'),
    );
  });

  it('counts under the newer keys and the older ones, and not under another one', () => {
    const jar = new CookieJar();
    remember(known(), jar, 'alice');
    expect(isKnown(known([randomBytes(32), KEY]), jar, 'alice')).toBe(true);
    expect(isKnown(known([randomBytes(32)]), jar, 'alice')).toBe(false);
    expect(isKnown(new KnownBrowsers('1111111111', [KEY]), jar, 'alice')).toBe(false);
  });

  it.each<[string, (value: string) => string]>([
    [
      'the id of another browser',
      (value) => randomBytes(16).toString('base64url') + value.slice(22),
    ],
    ['another time', (value) => value.replace(/~[^.]*/, '~zzzzzzz')],
    [
      'a time that is later by a digit',
      (value) => value.replace(/.\./, (text) => `${text === '0.' ? 1 : 0}.`),
    ],
    ['no HMAC', (value) => value.replace(/\..*/, '.')],
    ['an HMAC of zeros', (value) => value.replace(/\..*/, `.${'A'.repeat(43)}`)],
  ])('does not count with %s', (_what, forge) => {
    const jar = new CookieJar();
    remember(known(), jar, 'alice');
    const [name = '', value = ''] = String(jar).split('=');
    const forged = new CookieJar();
    forged.keep([`${name}=${forge(value)}`]);
    expect(isKnown(known(), forged, 'alice')).toBe(false);
  });
});

describe('the option knownBrowsers', () => {
  it.each(['yes', null, {}, { keys: [] }, { keys: ['short'] }, { keys: 'a'.repeat(40) }])(
    'refuses %j',
    async (knownBrowsers) => {
      const world = await startWorld();
      expect(
        () =>
          new LaunchKeyStrategy(
            { ...world.options, knownBrowsers: knownBrowsers as never },
            async () => false as const,
          ),
      ).toThrow('knownBrowsers');
    },
  );
});
