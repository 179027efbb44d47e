import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import axe from 'axe-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { takePlace } from '../support/app.js';
import { describeWithChromium, launchChromium } from '../support/chromium.js';
import { type Call, EngineProxy } from '../support/proxy.js';
import { serveWaiting } from '../support/waiting-app.js';
import { nextRequest, recordingStrategy, startWorld } from '../support/world.js';

const MINUTE = 60_000;

/** If SCREENSHOTS names a folder, a screenshot of each state is written to it. */
const { SCREENSHOTS } = process.env;

type WaitingAppSettings = Parameters<typeof serveWaiting>[1];
type StrategyOptions = Parameters<typeof recordingStrategy>[1];

/** Starts an engine, an application with a waiting page, and a proxy in front of each. */
async function start(overrides: StrategyOptions = {}, settings: WaitingAppSettings = {}) {
  const place = await takePlace();
  let ahead = 0;
  const world = await startWorld({
    users: ['alice', 'bob'],
    callbackUrl: `${place.url}/callback`,
    clock: () => Date.now() + ahead,
  });
  const engineProxy = await new EngineProxy(world.engine.url).start();
  const { strategy, verified, refuseEveryone } = recordingStrategy(world, {
    apiBaseUrl: `${engineProxy.url}/v1`,
    pending: 'redirect',
    waitUrl: '/login/wait',
    ...overrides,
  });
  await serveWaiting(strategy, { ...settings, place });
  const appProxy = await new EngineProxy(place.url).start();
  return {
    engine: world.engine,
    engineProxy,
    appProxy,
    refuseEveryone,
    url: appProxy.url,
    verified,
    passTime: (milliseconds: number) => {
      ahead += milliseconds;
    },
    /** The user's phone answers the newest open request, or another one. */
    answer: async (
      approve: boolean,
      { user = 'alice', at = -1, number }: { user?: string; at?: number; number?: number } = {},
    ) => {
      await nextRequest(world.engine, user);
      const request = (await world.engine.requests(user)).at(at);
      await world.engine.answer(request?.authRequest ?? '', approve, { number });
    },
  };
}

describeWithChromium('the waiting page in a browser', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(async () => await browser?.close());

  /**
   * A page of a browser of its own. Exceptions, violations of the Content-Security-Policy and failed
   * requests fail the test, unless `unreachable` allows failed requests.
   */
  async function newPage({
    unreachable = false,
    ...options
  }: BrowserContextOptions & { unreachable?: boolean } = {}): Promise<Page> {
    const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
    const faults: string[] = [];
    context.on('weberror', (error) => faults.push(error.error().message));
    context.on('console', (message) => {
      const lost = message.text().startsWith('Failed to load resource');
      if (message.type() === 'error' && !(lost && unreachable)) faults.push(message.text());
    });
    onTestFinished(async () => {
      await context.close();
      expect(faults).toEqual([]);
    });
    return context.newPage();
  }

  describe.each([
    ['with JavaScript', true],
    ['without JavaScript', false],
  ])('%s', (_how, javaScriptEnabled) => {
    const open = (options?: Parameters<typeof newPage>[0]) =>
      newPage({ javaScriptEnabled, ...options });

    /** Without a script, the user reloads the page and continues after the approval. */
    async function goOn(page: Page): Promise<void> {
      if (javaScriptEnabled) return;
      await page.reload();
      await continueWhenApproved(page);
    }

    /** Without a script, the page reloads itself. */
    async function continueWhenApproved(page: Page): Promise<void> {
      if (javaScriptEnabled) return;
      await heading(page, 'Approved').waitFor();
      await page.getByRole('button', { name: 'Continue' }).click();
    }

    it('logs the user in after an approval', async () => {
      const { url, answer, verified } = await start();
      const page = await open();
      await begin(page, url);
      await page.getByText('Approve the request on your phone to log in as alice.').waitFor();
      await page.getByText(/^Time left: [45]:\d\d$/).waitFor();
      await answer(true);
      await continueWhenApproved(page);
      await loggedIn(page, verified);
      expect(verified).toHaveLength(1);
    });

    it('shows a denial, and offers another attempt', async () => {
      const { url, answer, verified } = await start();
      const page = await open();
      await begin(page, url);
      await answer(false);
      await heading(page, 'Not approved').waitFor();
      await page
        .getByText('The request was denied, so you are not logged in.', { exact: true })
        .waitFor();
      expect(await user(page, url)).toBe('Not logged in');
      await page.goBack();
      await page.getByRole('button', { name: 'Try again' }).click();
      await page.getByText('Approve the request on your phone to log in as alice.').waitFor();
      await answer(true);
      await goOn(page);
      await loggedIn(page, verified);
    });

    it('shows that the time is up', async () => {
      const { url, verified } = await start({ loginTimeout: 3000 });
      const page = await open();
      await page.goto(`${url}/login`);
      await submit(page);
      await heading(page, 'Time is up').waitFor();
      await page.getByRole('button', { name: 'Try again' }).waitFor();
      expect(await user(page, url)).toBe('Not logged in');
      expect(verified).toEqual([]);
    });

    it('shows that the time is up when the engine says so', async () => {
      const { url, passTime } = await start({ longPoll: 1 });
      const page = await open();
      await begin(page, url);
      passTime(6 * MINUTE);
      await heading(page, 'Time is up').waitFor();
    });

    it('cancels the login, and offers another attempt', async () => {
      const { url, engine, answer, verified } = await start();
      const page = await open();
      await begin(page, url);
      await page.getByRole('button', { name: 'Cancel' }).click();
      await begin(page);
      // The cancelled login has left the phone.
      expect(await engine.requests('alice')).toHaveLength(1);
      await answer(true);
      await goOn(page);
      await loggedIn(page, verified);
      expect(verified).toHaveLength(1);
    });

    it('keeps waiting after a reload', async () => {
      const { url, answer, engine, verified } = await start();
      const page = await open();
      await begin(page, url);
      for (let times = 0; times < 3; times++) await page.reload();
      await heading(page, 'Check your phone').waitFor();
      expect(await engine.requests('alice')).toHaveLength(1);
      await answer(true);
      await goOn(page);
      await loggedIn(page, verified);
    });

    it('shows that the login is complete after going back to it', async () => {
      const { url, answer, verified } = await start();
      const page = await open();
      await begin(page, url);
      const waiting = page.url();
      await answer(true);
      await goOn(page);
      await loggedIn(page, verified);
      await page.goBack();
      await heading(page, 'You are logged in').waitFor();
      expect(page.url()).toBe(waiting);
      await page.getByRole('link', { name: 'Continue' }).click();
      await loggedIn(page, verified);
      expect(verified).toHaveLength(1);
    });

    it('keeps the logins of two users in two tabs apart', async () => {
      const { url, answer, verified } = await start();
      const alice = await open();
      const bob = await alice.context().newPage();
      await begin(alice, url, 'alice');
      await begin(bob, url, 'bob');
      await alice.getByText('to log in as alice.').waitFor();
      await bob.getByText('to log in as bob.').waitFor();
      await answer(true, { user: 'alice' });
      await goOn(alice);
      await loggedIn(alice, verified);
      await heading(bob, 'Check your phone').waitFor();
      await answer(true, { user: 'bob' });
      await goOn(bob);
      await heading(bob, 'Home').waitFor();
      expect(new Set(verified).size).toBe(2);
      // One browser has one session, so the later login counts.
      for (const tab of [alice, bob]) {
        expect(await user(tab, url)).toBe(`Hello, ${verified[1]}`);
      }
    });

    it('logs in the one of two browsers whose request was approved', async () => {
      const { url, answer, verified } = await start();
      const first = await open();
      const second = await open();
      await begin(first, url);
      await begin(second, url);
      await answer(true, { at: 0 });
      await goOn(first);
      await loggedIn(first, verified);
      await second.reload();
      await heading(second, 'Check your phone').waitFor();
      expect(await user(second, url)).toBe('Not logged in');
      expect(verified).toHaveLength(1);
    });

    it('shows nothing of a login to another browser', async () => {
      const { url } = await start();
      const page = await open();
      await begin(page, url);
      const other = await open({ unreachable: true });
      await other.goto(page.url());
      await heading(other, 'No login in progress').waitFor();
      expect(await other.content()).not.toContain('alice');
      await other.getByRole('link', { name: 'Go to the login page' }).click();
      await heading(other, 'Log in').waitFor();
    });

    it('logs the user out at the next click after the session was ended on the phone', async () => {
      const { url, answer, engine, engineProxy, verified } = await start();
      const page = await open();
      await begin(page, url);
      await answer(true);
      await goOn(page);
      await loggedIn(page, verified);
      const revoked = called(engineProxy, ({ form }) => form.get('action') === 'Revoke');
      await engine.deorbit('alice');
      await revoked;
      expect(await user(page, url)).toBe('Not logged in');
    });

    it('shows that the engine is away, and continues when it is back', async () => {
      const { url, answer, engineProxy, verified } = await start();
      const page = await open();
      await begin(page, url);
      engineProxy.intercept = () => ({ status: 502, body: '<h1>Bad gateway</h1>' });
      engineProxy.cut();
      const away = page.getByText('The login service cannot be reached at the moment.').first();
      await away.waitFor();
      engineProxy.intercept = undefined;
      await away.waitFor({ state: 'hidden' });
      await heading(page, 'Check your phone').waitFor();
      await answer(true);
      await goOn(page);
      await loggedIn(page, verified);
    });

    it('shows a number of six digits to type, in two groups', async () => {
      const { url, answer, verified } = await start({ numberMatching: undefined });
      const page = await open();
      await begin(page, url);
      const shown = page.getByText('Type this number on your phone').locator('strong');
      expect(await shown.innerText()).toMatch(/^[1-9]\d\d\u00a0\d{3}$/);
      await answer(true, { number: await shownNumber(page) });
      await goOn(page);
      await loggedIn(page, verified);
    });

    it('shows the number to pick', async () => {
      const { url, answer, verified } = await start({ numberMatching: 'pick' });
      const page = await open();
      await begin(page, url);
      const shown = page.getByText('Pick this number on your phone').locator('strong');
      const number = Number(await shown.textContent());
      await answer(true, { number });
      await goOn(page);
      await loggedIn(page, verified);
    });

    it('shows a denial after a wrong number was picked', async () => {
      const { url, answer, verified } = await start({ numberMatching: 'pick' });
      const page = await open();
      await begin(page, url);
      const shown = page.getByText('Pick this number on your phone').locator('strong');
      const number = Number(await shown.textContent());
      await answer(true, { number: number === 99 ? 10 : number + 1 });
      await heading(page, 'Wrong number').waitFor();
      expect(verified).toEqual([]);
    });

    it('works with the keyboard alone', async () => {
      const { url, answer, verified } = await start();
      const page = await open();
      await page.goto(`${url}/login`);
      await page.keyboard.press('Tab');
      await page.keyboard.type('alice');
      await page.keyboard.press('Enter');
      await heading(page, 'Check your phone').waitFor();
      await page.keyboard.press('Tab');
      expect(await focused(page)).toBe('Cancel');
      await page.keyboard.press('Enter');
      await begin(page);
      await answer(false);
      await heading(page, 'Not approved').waitFor();
      await page.keyboard.press('Tab');
      expect(await focused(page)).toBe('Try again');
      await page.keyboard.press('Enter');
      await heading(page, 'Check your phone').waitFor();
      expect(verified).toEqual([]);
    });
  });

  describe('the script of the waiting page', () => {
    it('updates the time, and announces changes only', async () => {
      const { url, answer } = await start({ loginTimeout: 80_000 });
      const page = await newPage();
      await page.clock.install();
      await begin(page, url);
      const announcement = page.getByRole('status');
      await page.getByText(/^Time left: 1:[01]\d$/).waitFor();
      await page.clock.runFor(3000);
      expect(await announcement.textContent()).toBe('');
      await page.clock.runFor(22_000);
      await page.getByText(/^Time left: 0:\d\d$/).waitFor();
      await expectAnnouncement(page, 'One minute left.');
      await answer(false);
      await expectAnnouncement(
        page,
        'Not approved. The request was denied, so you are not logged in.',
      );
      expect(await page.title()).toBe('Not approved');
    });

    it('moves the focus when the focused section disappears', async () => {
      const { url, answer } = await start();
      const page = await newPage();
      await begin(page, url);
      await page.getByRole('button', { name: 'Cancel' }).focus();
      await answer(false);
      await page.locator('h1:focus', { hasText: 'Not approved' }).waitFor();
    });

    it('shows nothing when a proxy cuts a status request off', async () => {
      const { url, answer, appProxy, verified } = await start();
      const page = await newPage({ unreachable: true });
      const asked = called(appProxy, isStatus);
      await begin(page, url);
      await asked;
      for (let times = 0; times < 2; times++) {
        const again = called(appProxy, isHeldStatus);
        appProxy.cut();
        await again;
      }
      await page
        .getByText('The login service cannot be reached')
        .first()
        .waitFor({ state: 'hidden' });
      await answer(true);
      await loggedIn(page, verified);
    });

    it('recovers from a gateway that responds with a page of its own', async () => {
      const { url, answer, appProxy, verified } = await start();
      const page = await newPage({ unreachable: true });
      await begin(page, url);
      appProxy.intercept = (call) =>
        isStatus(call)
          ? { status: 502, headers: { 'content-type': 'text/html' }, body: '<h1>Bad gateway</h1>' }
          : undefined;
      appProxy.cut();
      const away = page.locator('[data-away]');
      await away.waitFor();
      await expectAnnouncement(page, 'The login service cannot be reached at the moment.');
      appProxy.intercept = undefined;
      await away.waitFor({ state: 'hidden' });
      await expectAnnouncement(page, 'The login service can be reached again.');
      await answer(true);
      await loggedIn(page, verified);
    });

    it('requests the status at once when the network is back', async () => {
      const { url, answer, appProxy, verified } = await start();
      const page = await newPage({ unreachable: true });
      await page.clock.install();
      await begin(page, url);
      await page.context().setOffline(true);
      appProxy.cut();
      await page.clock.fastForward(MINUTE);
      await page.locator('[data-away]').waitFor();
      await page.clock.fastForward(MINUTE);
      await answer(true);
      // The clock stands still, so the script's own pauses never end.
      await page.clock.pauseAt(Date.now() + 3 * MINUTE);
      await page.context().setOffline(false);
      await loggedIn(page, verified);
    });

    it('requests the status at once when the page becomes visible', async () => {
      const { url, answer, appProxy, verified } = await start();
      const page = await newPage();
      await page.clock.install();
      const asked = called(appProxy, isStatus);
      await begin(page, url);
      const lost = await asked;
      // A phone that sleeps runs no timers, and its connection is dead without notice.
      await page.clock.pauseAt(Date.now() + MINUTE);
      appProxy.holdBack = (call) => (call === lost ? new Promise(() => {}) : undefined);
      await answer(true);
      await lookAgain(page);
      await loggedIn(page, verified);
    });

    it('retries soon when the network is back later than the user', async () => {
      const { url, appProxy } = await start();
      const page = await newPage({ unreachable: true });
      await page.clock.install();
      await begin(page, url);
      appProxy.intercept = (call) => (isStatus(call) ? { status: 502, body: '' } : undefined);
      appProxy.cut();
      await page.clock.fastForward(MINUTE);
      await page.locator('[data-away]').waitFor();
      // After so many failures the script asks every 15 seconds.
      for (let times = 0; times < 3; times++) await page.clock.fastForward(MINUTE);
      await page.clock.pauseAt(Date.now() + 4.5 * MINUTE);
      const failed = page.waitForResponse((response) => response.status() === 502);
      await lookAgain(page);
      await (await failed).finished();
      appProxy.intercept = undefined;
      await page.clock.runFor(2000);
      await expectAnnouncement(page, 'The login service can be reached again.');
    });

    it('does not request the status when the page is hidden', async () => {
      const { url, appProxy } = await start();
      const page = await newPage();
      await page.addInitScript(`{
        const { fetch } = window;
        window.fetches = 0;
        window.fetch = (...args) => {
          window.fetches += 1;
          return fetch(...args);
        };
      }`);
      const asked = called(appProxy, isStatus);
      await begin(page, url);
      await asked;
      const asks = await page.evaluate<number[]>(`['hidden', 'visible'].map((state) => {
        Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
        return window.fetches;
      })`);
      expect(asks).toEqual([1, 2]);
    });

    it('notices that the browser has lost its session', async () => {
      const { url, appProxy } = await start();
      const page = await newPage({ unreachable: true });
      const asked = called(appProxy, isStatus);
      await begin(page, url);
      await asked;
      await page.context().clearCookies();
      await lookAgain(page);
      await heading(page, 'No login in progress').waitFor();
    });

    it('has no animation with reduced motion', async () => {
      const { url } = await start();
      const page = await newPage({ reducedMotion: 'no-preference' });
      await begin(page, url);
      const moving = () => page.evaluate<number>('document.getAnimations().length');
      expect(await moving()).toBeGreaterThan(0);
      await page.emulateMedia({ reducedMotion: 'reduce' });
      expect(await moving()).toBe(0);
    });
  });

  describe.each(['light', 'dark'] as const)('the waiting page in %s colours', (colorScheme) => {
    /** The faults that axe finds, and overflows, in the shown state at both widths. */
    async function flaws(page: Page, state: string): Promise<string[]> {
      const found: string[] = [];
      for (const width of [390, 1280]) {
        await page.setViewportSize({ width, height: 800 });
        if (SCREENSHOTS) {
          mkdirSync(SCREENSHOTS, { recursive: true });
          const path = join(SCREENSHOTS, `waiting-${state}-${width}-${colorScheme}.png`);
          await page.screenshot({ path, fullPage: true });
        }
        const broader = await page.evaluate<number>(
          'document.documentElement.scrollWidth - innerWidth',
        );
        if (broader > 0) found.push(`${state} is ${broader} px too broad at ${width} px`);
        found.push(...(await violations(page)).map((what) => `${state} at ${width} px: ${what}`));
      }
      return found;
    }

    it('has no accessibility faults in any state', async () => {
      const { url, answer, engineProxy, appProxy, refuseEveryone } = await start({
        numberMatching: true,
      });
      const page = await newPage({ colorScheme, unreachable: true });
      const found: string[] = [];
      const look = async (state: string, title: string) => {
        await heading(page, title).waitFor();
        found.push(...(await flaws(page, state)));
      };
      await begin(page, url);
      await look('pending', 'Check your phone');
      engineProxy.intercept = () => ({ status: 502, body: '' });
      engineProxy.cut();
      await page.locator('[data-away]').waitFor();
      await look('away', 'Check your phone');
      engineProxy.intercept = undefined;
      await page.locator('[data-away]').waitFor({ state: 'hidden' });

      const number = await shownNumber(page);
      // With 204, the browser stays on the page that it submits.
      appProxy.intercept = ({ method }) =>
        method === 'POST' ? { status: 204, body: '' } : undefined;
      await answer(true, { number });
      await look('answered', 'Approved');
      appProxy.intercept = undefined;
      await page.getByRole('button', { name: 'Continue' }).click();
      await heading(page, 'Home').waitFor();
      await page.goBack();
      await look('finished', 'You are logged in');

      await begin(page, url);
      await answer(false);
      await look('denied', 'Not approved');
      await page.goto(`${url}/login/wait?request=another`);
      await look('unknown', 'No login in progress');

      refuseEveryone();
      await begin(page, url);
      const waiting = page.url();
      const again = await shownNumber(page);
      await answer(true, { number: again });
      await page.waitForURL('**/login');
      await page.goto(waiting);
      await look('over', 'This login has ended');
      expect(found).toEqual([]);
    });

    it('has no accessibility faults after it expires', async () => {
      const { url } = await start({ loginTimeout: 1000 });
      const page = await newPage({ colorScheme });
      await page.goto(`${url}/login`);
      await submit(page);
      await heading(page, 'Time is up').waitFor();
      expect(await flaws(page, 'expired')).toEqual([]);
    });

    it('fits a number, long names, long texts in another language, and a logo', async () => {
      const { url } = await start(
        { numberMatching: true, concealUsers: true },
        {
          waiting: {
            stylesheet: '/brand.css',
            texts: {
              lang: 'de',
              pendingTitle: 'Bestätigen Sie die Anmeldung auf Ihrem Mobiltelefon',
              pendingText:
                'Öffnen Sie die Authentifizierungsanwendung und genehmigen Sie die Anfrage, um sich als {username} am Kundenverwaltungsportal anzumelden.',
              number: 'Wählen Sie diese Sicherheitsnummer auf Ihrem Mobiltelefon aus',
              timeLeft: 'Verbleibende Bearbeitungszeit: {time}',
              cancel: 'Anmeldevorgang abbrechen und zur Anmeldeseite zurückkehren',
            },
          },
          extend: (app) => {
            app.get('/brand.css', (_req, res) => {
              res.type('css').send(BRAND);
            });
          },
        },
      );
      const page = await newPage({ colorScheme });
      await page.goto(`${url}/login`);
      await submit(page, `${'bartholomaeus-maximilian'.repeat(4)}@example-company.com`);
      await heading(page, 'Bestätigen Sie die Anmeldung auf Ihrem Mobiltelefon').waitFor();
      expect(await flaws(page, 'branded')).toEqual([]);
      expect((await page.locator('.logo').boundingBox())?.height).toBe(40);
      const radius = await page.evaluate(
        "getComputedStyle(document.querySelector('form button')).borderRadius",
      );
      expect(radius).toBe('2.4px');
    });
  });
});

/** The style sheet of an application, with some of the documented custom properties. */
const BRAND = `:root {
  --launchkey-accent: light-dark(#7a1fa2, #e1a6f5);
  --launchkey-tint: light-dark(#f5e9fa, #38204a);
  --launchkey-radius: 4px;
  --launchkey-logo-height: 40px;
  --launchkey-logo: url('data:image/svg+xml,${encodeURIComponent(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 40"><circle cx="20" cy="20" r="18" fill="#7a1fa2"/><text x="48" y="28" font-family="sans-serif" font-size="24" font-weight="700" fill="#9a4fc2">Exampla</text></svg>',
  )}');
}`;

const heading = (page: Page, name: string) => page.getByRole('heading', { name, exact: true });

/** Submits the login form, and waits for the waiting page. */
async function begin(page: Page, url?: string, name?: string): Promise<void> {
  if (url) await page.goto(`${url}/login`);
  await submit(page, name);
  await heading(page, 'Check your phone').waitFor();
}

/** The number that the page shows, with or without a blank in it. */
async function shownNumber(page: Page): Promise<number> {
  return Number((await page.locator('.number strong').innerText()).replace(/\D/g, ''));
}

async function submit(page: Page, name = 'alice'): Promise<void> {
  await page.getByLabel('User name').fill(name);
  await page.getByRole('button', { name: 'Log in' }).click();
}

/** Waits until the page greets the user that was verified first. */
async function loggedIn(page: Page, verified: string[]): Promise<void> {
  await heading(page, 'Home').waitFor();
  await page.getByText(`Hello, ${verified[0]}`).waitFor();
}

/** The user whom the application sees in this browser. */
async function user(page: Page, url: string): Promise<string | null> {
  await page.goto(url);
  return page.locator('p').textContent();
}

/** The faults that axe finds, as texts that name the fault and the element. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const found = await page.evaluate<axe.Result[]>('axe.run().then(({ violations }) => violations)');
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(', ')}`);
}

/** The name of the focused element. */
function focused(page: Page): Promise<string> {
  return page.evaluate<string>('document.activeElement.textContent.trim()');
}

/** Makes the page visible again. */
async function lookAgain(page: Page): Promise<void> {
  await page.evaluate(`document.dispatchEvent(new Event('visibilitychange'))`);
}

/** Waits until the page announces a text to screen readers. */
async function expectAnnouncement(page: Page, text: string): Promise<void> {
  await page.getByRole('status').getByText(text).waitFor();
}

const isStatus = ({ path, headers }: Call) =>
  path === '/login/wait' && headers.accept === 'application/json';
const isHeldStatus = (call: Call) => isStatus(call) && call.headers.prefer === undefined;

/** Resolves with the next call that matches. */
function called(proxy: EngineProxy, like: (call: Call) => boolean): Promise<Call> {
  return new Promise((resolve) => {
    const look = (call: Call) => {
      if (!like(call)) return;
      proxy.off('call', look);
      resolve(call);
    };
    proxy.on('call', look);
  });
}
