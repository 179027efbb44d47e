import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import axe from 'axe-core';
import { type Engine, startEngine } from 'launchkey-engine';
import { LaunchKeyClient, NoPairedDevicesError, policy } from 'passport-launchkey';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { Application } from '../../engine/spec/support/application.js';
import { describeWithChromium, launchChromium } from '../support/chromium.js';
import { startRealRun } from '../support/real-run.js';

/** If SCREENSHOTS names a folder, a screenshot of each state is written to it. */
const { SCREENSHOTS } = process.env;

const POLL_OPTIONS = { timeout: 30_000 };

/** Whether the QR code is drawn. */
const DRAWN = "document.querySelector('#offer-image').naturalWidth > 0";

/** Whether the service worker has cached the files of the page. */
const KEPT = `(async () => {
  const cache = await caches.open('launchkey-authenticator');
  const kept = (await cache.keys()).map(({ url }) => url);
  const needed = performance.getEntriesByType('resource').map(({ name }) => name);
  return [location.href, ...needed.filter((name) => /[.](js|css)$/.test(name))].every((name) =>
    kept.includes(name),
  );
})()`;

/** The paths of the cached files. */
const PATHS = `(async () => {
  const cache = await caches.open('launchkey-authenticator');
  return (await cache.keys()).map(({ url }) => new URL(url).pathname);
})()`;

/** Hides or shows the page. */
const SEEN = `(state) => {
  Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}`;

describeWithChromium('the phone in a browser', () => {
  let browser: Browser;
  let engine: Engine;
  let client: LaunchKeyClient;
  let application: Application;

  beforeAll(async () => {
    browser = await launchChromium();
    engine = await startEngine({ rateLimit: false });
    const app = await engine.createApp({ name: 'Shop' });
    client = new LaunchKeyClient({ ...app, apiBaseUrl: `${engine.url}/v1` });
    application = new Application(engine.url, app);
  });
  afterAll(async () => {
    await browser?.close();
    await engine?.close();
  });

  async function newPage(options: BrowserContextOptions = {}) {
    const context = await browser.newContext({
      reducedMotion: 'reduce',
      viewport: { width: 390, height: 844 },
      ...options,
    });
    const page = await context.newPage();
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => {
      // Chromium reports requests that the engine refuses and requests without a connection.
      const expected = /status of 4\d\d|ERR_INTERNET_DISCONNECTED|ERR_FAILED/.test(message.text());
      if (message.type() === 'error' && !expected) faults.push(message.text());
    });
    onTestFinished(async () => {
      await context.close();
      expect(faults).toEqual([]);
    });
    return page;
  }

  /** The answer as the application reads it. */
  async function answerTo(authRequest: string, by = client) {
    const { answer } = await by.poll(authRequest, { wait: 20 });
    return answer && (await by.readAnswer(authRequest, answer));
  }

  async function pairedPage(user: string, options: BrowserContextOptions = {}): Promise<Page> {
    await engine.createUser(user);
    const { url } = await engine.pairDevice(user);
    const page = await newPage(options);
    await page.goto(url);
    await page.locator('#pair-button').click();
    await page.locator('#devices-area').waitFor();
    return page;
  }

  async function press(page: Page, name: string): Promise<void> {
    await page.getByRole('button', { name, exact: true, disabled: false }).click();
  }

  // Screenshots and the start of three programs take time.
  it('logs in to the Express example, denies, reports fraud, and logs out remotely, with two phones at an engine with a data file', {
    timeout: 180_000,
  }, async () => {
    const run = await startRealRun();
    onTestFinished(() => run.close());
    const [page, tablet, app] = [await newPage(), await newPage(), await newPage()];
    const sent: string[] = [];
    page.on('request', (request) => sent.push(`${request.url()} ${request.postData() ?? ''}`));

    const offer = await run.command('device', 'pair', 'alice');
    await page.goto(offer.url);
    await page.getByText('You have opened a pairing link.', { exact: false }).waitFor();
    expect(page.url()).toBe(`${run.engine}/authenticator`);
    expect(await page.evaluate<string>('navigation.entries().map(({ url }) => url).join()')).toBe(
      `${run.engine}/authenticator`,
    );
    await look(page, 'pairing by link');
    await page.getByLabel('Name of this phone').fill("Alice's phone");
    await press(page, 'Pair');
    await page.getByText('Nothing to approve').waitFor();
    await look(page, 'nothing to approve');

    const { code } = await run.command('device', 'pair', 'alice');
    await tablet.goto(`${run.engine}/authenticator`);
    await tablet.getByRole('textbox', { name: 'Pairing code' }).fill(code.toLowerCase());
    await tablet.getByLabel('Name of this phone').fill('Tablet');
    await press(tablet, 'Pair');
    await tablet.getByText('Nothing to approve').waitFor();
    expect(
      (await run.command('device', 'list', 'alice')).map(({ name }: { name: string }) => name),
    ).toEqual(["Alice's phone", 'Tablet']);

    /** Asks until the engine accepts the request, because it accepts one in five seconds. */
    const ask = async (): Promise<string> => {
      const asked = app.getByRole('heading', { name: 'Check your phone' });
      await vi.waitFor(async () => {
        await app.goto(`${run.app}/login`);
        await app.getByLabel('User name').fill('alice');
        await app.getByRole('button', { name: 'Log in with my phone' }).click();
        await asked.waitFor({ timeout: 1000 });
      }, POLL_OPTIONS);
      await page.getByRole('heading', { name: 'Express example' }).waitFor();
      return await app.locator('section:visible .number strong').innerText();
    };

    const number = await ask();
    await page.getByText('Log in to the example', { exact: true }).waitFor();
    await page.getByText(/^[45]:\d\d left$/).waitFor();
    await page.locator('#deny:enabled').waitFor();
    expect(await page.locator('#approve').isDisabled()).toBe(true);
    await look(page, 'a request');
    await page.getByRole('textbox', { name: 'Type the number' }).fill(number);
    await press(page, 'Approve');
    await page.getByRole('heading', { name: 'Approved' }).waitFor();
    await app.getByRole('heading', { name: 'Hello, alice' }).waitFor();
    await look(page, 'a session');
    await look(app, 'logged in to the example');

    // Both phones show the session, and the other phone ends it.
    await press(tablet, 'End session at Express example');
    await tablet.getByText('No open sessions.').waitFor();
    await app.getByRole('link', { name: 'Ways to log in' }).click();
    await app.waitForURL('**/login');

    await ask();
    await press(tablet, 'Deny');
    await app.getByRole('heading', { name: 'Not approved' }).waitFor();
    await look(app, 'not approved in the example');

    await ask();
    await press(page, 'I did not ask for this');
    await page.getByRole('heading', { name: 'Denied and reported' }).waitFor();
    await app.getByRole('heading', { name: 'Reported on the phone' }).waitFor();
    await page.locator('#paused').waitFor();
    await look(page, 'paused');
    await press(page, 'Allow requests now');
    await page.locator('#paused').waitFor({ state: 'hidden' });
    await app.goto(run.app);
    await app.waitForURL('**/login');
    const entries: { kind: string; details: object }[] = await run.command('audit');
    // The engine refuses a login that follows another one within five seconds, and the strategy waits.
    const kinds = entries.map(({ kind }) => kind).filter((kind) => kind !== 'request.refused');
    expect(kinds.filter((kind) => kind.startsWith('request.'))).toEqual([
      'request.denied',
      'request.created',
      'request.denied',
      'request.created',
      'request.approved',
      'request.created',
    ]);
    expect(sent.join('\n')).not.toMatch(/"response"|privateKey|"d":/);
  });

  it('lets an expected login through while strangers use up the budget', async () => {
    const strict = await startEngine({});
    onTestFinished(async () => await strict.close());
    const shop = new Application(strict.url, await strict.createApp({ name: 'Shop' }));
    await strict.createUser('alice');
    const page = await newPage();
    await page.goto((await strict.pairDevice('alice')).url);
    await page.locator('#pair-button').click();
    await page.getByText('Does your login not appear here?').waitFor();
    await look(page, 'a login that does not come through');
    await shop.authorize('alice', { context: 'A stranger' });
    await page.getByText('A stranger', { exact: true }).waitFor();
    expect((await shop.auths({ username: 'alice' })).body.message_code).toBe(40436);
    await press(page, 'I am logging in now');
    await page.locator('#expect-text', { hasText: 'Log in now.' }).waitFor();
    await look(page, 'an expected login');
    await shop.authorize('alice', { context: 'The user' });
    await page.getByRole('button', { name: 'I am logging in now' }).waitFor();
    await press(page, 'Deny');
    await page.getByText('The user', { exact: true }).waitFor();
  });

  it('shows who asks with hidden characters made visible, a newer request after a withdrawn one, and no approval of an ended session', async () => {
    const page = await pairedPage('olga', { locale: 'en-GB' });
    const userAgent =
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36';
    const first = await application.authorize('olga', {
      context: 'Pay 1 €\u202e000\nTo: Bo\u200bb 👩\u200d🚀',
      browser: JSON.stringify({ address: '203.0.113.7', user_agent: userAgent, known: false }),
    });
    await page.locator('#deny:enabled').waitFor();
    expect(await page.locator('#request-context').textContent()).toBe(
      'Pay 1 €⟨U+202E⟩000↵\nTo: Bo⟨U+200B⟩b 👩\u200d🚀',
    );
    expect(await page.locator('#request-browser').textContent()).toBe(
      'Chrome on Windows · 203.0.113.7',
    );
    expect(await page.locator('#request-known').textContent()).toBe('This browser is new to Shop.');
    expect(await page.locator('#request-time').textContent()).toMatch(
      /^Asked at \d+:\d\d( [AP]M)?[.]$/,
    );
    await look(page, 'who is asking');
    const second = await application.authorize('olga', { context: 'Order 2' });
    await page.getByText('1 more request is waiting.').waitFor();
    await application.log(first, 'Withdraw');
    await page.getByRole('heading', { name: 'Cancelled in the browser' }).waitFor();
    await page.getByText('Order 2', { exact: true }).waitFor();
    await press(page, 'Approve');
    await page.getByRole('heading', { name: 'Approved' }).waitFor();
    expect(await answerTo(second)).toMatchObject({ authorized: true });
    await press(page, 'End session at Shop');
    await page.locator('#idle').waitFor();
    expect(await page.locator('#done').isVisible()).toBe(false);
  });

  it('has a number typed or pasted that it is never sent, and explains a wrong one', async () => {
    const page = await pairedPage('nina');
    const received: Promise<string>[] = [];
    page.on('response', (response) => {
      received.push(response.text().catch(() => ''));
    });
    const entry = page.getByRole('textbox', { name: 'Type the number' });
    const ask = async (numberMatch: string) => {
      const { auth_request: authRequest } = (
        await application.auths({
          username: 'nina',
          number_match: numberMatch,
          context: `Order 1\nNumber: ${numberMatch}`,
        })
      ).body;
      await page.locator('#deny:enabled').waitFor();
      expect(await page.locator('#approve').isDisabled()).toBe(true);
      return String(authRequest);
    };
    const typed = await ask('938471');
    expect(await entry.getAttribute('inputmode')).toBe('numeric');
    await look(page, 'a number to type');
    await entry.pressSequentially('93847');
    expect(await page.locator('#approve').isDisabled()).toBe(true);
    await entry.pressSequentially('19');
    expect(await entry.inputValue()).toBe('938471');
    await look(page, 'a typed number');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Approved' }).waitFor();
    expect(await answerTo(typed)).toMatchObject({ authorized: true });

    const pasted = await ask('601852');
    await entry.fill('601 852');
    await press(page, 'Approve');
    await page.getByRole('heading', { name: 'Approved' }).waitFor();
    expect(await answerTo(pasted)).toMatchObject({ authorized: true });

    const wrong = await ask('750219');
    await entry.fill('750218');
    await press(page, 'Approve');
    await page.getByRole('heading', { name: 'Denied' }).waitFor();
    await page
      .locator('#done-text', { hasText: 'That was not the number which Shop shows' })
      .waitFor();
    await look(page, 'a wrong number');
    expect(await answerTo(wrong)).toMatchObject({ authorized: false, reason: 'number' });
    const texts = (await Promise.all(received)).join('\n');
    expect(texts).toContain('Order 1');
    expect(texts).not.toMatch(/938471|601852|750219/);
  });

  it('pairs by a typed code, accepts one number only, and shows when it is not connected', async () => {
    await engine.createUser('bob');
    const page = await newPage({ locale: 'de-CH' });
    await page.goto(`${engine.url}/authenticator`);
    await page.getByRole('heading', { name: 'Dieses Telefon koppeln' }).waitFor();
    await page.getByRole('textbox', { name: 'Kopplungscode' }).fill('aaaaa aaaaa');
    await press(page, 'Koppeln');
    await page.getByText('Dieser Code ist vertippt, schon benutzt oder abgelaufen.').waitFor();
    await look(page, 'pairing by code');
    const { code } = await engine.pairDevice('bob');
    await page
      .getByRole('textbox', { name: 'Kopplungscode' })
      .fill(`${code.slice(0, 5)}-${code.slice(5)}`);
    await page.getByLabel('Name dieses Telefons').fill('Handy');
    await press(page, 'Koppeln');
    await page.getByText('Nichts zu bestätigen').waitFor();

    for (const right of [true, false]) {
      const authRequest = await client.authorize('bob', { numberMatch: '42' });
      await page.locator('#deny:enabled').waitFor();
      const labels = page.locator('#number-choice label');
      const picked = right ? { hasText: '42' } : { hasNotText: '42' };
      await labels.filter(picked).first().click();
      await press(page, 'Bestätigen');
      await page.getByRole('heading', { name: right ? 'Bestätigt' : 'Abgelehnt' }).waitFor();
      expect(await answerTo(authRequest)).toMatchObject(
        right ? { authorized: true } : { authorized: false, reason: 'number' },
      );
    }

    // A hidden page holds no request. Changes are there when it becomes visible.
    const left = page.waitForEvent('requestfailed');
    await page.evaluate(SEEN, 'hidden');
    await left;
    const meanwhile = await client.authorize('bob');
    await page.evaluate(SEEN, 'visible');
    await press(page, 'Ablehnen');
    expect(await answerTo(meanwhile)).toMatchObject({ authorized: false });

    // Without a connection the page opens and shows that; with a connection it continues.
    await expect.poll(() => page.evaluate<boolean>(KEPT), POLL_OPTIONS).toBe(true);
    // The files of the page only, and above all no response of the engine.
    expect(
      (await page.evaluate<string[]>(PATHS)).filter(
        (path) => !/^\/authenticator(\/[\w/-]+\.(js|css|svg))?$/.test(path),
      ),
    ).toEqual([]);
    await page.context().setOffline(true);
    await page.reload();
    await page.getByText('Nicht verbunden').waitFor();
    expect(await page.getByText('Wo Sie angemeldet sind').isVisible()).toBe(false);
    await look(page, 'offline');
    await page.context().setOffline(false);
    await page.getByText('Nichts zu bestätigen').waitFor();
  });

  it('encrypts its answer for the new key of an application that changed its key meanwhile', async () => {
    const apiBaseUrl = `${engine.url}/v1`;
    const app = await engine.createApp({ name: 'Blog' });
    const page = await pairedPage('grace');
    const authRequest = await new LaunchKeyClient({ ...app, apiBaseUrl }).authorize('grace');
    await page.locator('#approve:enabled').waitFor();
    const made = await engine.rotateApp(app.appKey);
    await press(page, 'Approve');
    await page.getByRole('heading', { name: 'Approved' }).waitFor();
    const after = new LaunchKeyClient({ ...app, ...made, apiBaseUrl });
    expect(await answerTo(authRequest, after)).toMatchObject({ authorized: true });
  });

  it('says that a request was cancelled in the browser, and reports it', async () => {
    const page = await pairedPage('wanda');
    const authRequest = await client.authorize('wanda');
    await page.locator('#approve:enabled').waitFor();
    await application.log(authRequest, 'Withdraw');
    await page.getByRole('heading', { name: 'Cancelled in the browser' }).waitFor();
    await look(page, 'cancelled in the browser');
    await press(page, 'I did not ask for this: Shop');
    await page.locator('#paused').waitFor();
    expect(await page.locator('#withdrawn li').count()).toBe(0);
    expect(await engine.pausedUntil('wanda')).toBeInstanceOf(Date);
  });

  it('pairs another device, renames it, and unpairs it', async () => {
    const page = await pairedPage('dave', { locale: 'de' });
    await press(page, 'Weiteres Gerät koppeln');
    const image = page.locator('#offer-image');
    // waitForFunction() would be refused: the page's Content-Security-Policy forbids eval.
    await expect.poll(() => page.evaluate<boolean>(DRAWN), POLL_OPTIONS).toBe(true);
    await look(page, 'a code for another device');
    const shown = (await page.locator('#offer-code').textContent()) ?? '';
    const other = await newPage();
    await other.goto(`${engine.url}/authenticator`);
    await other.getByRole('textbox', { name: 'Pairing code' }).fill(shown);
    await other.getByLabel('Name of this phone').fill('Tablet');
    await press(other, 'Pair');
    await image.waitFor({ state: 'hidden' });
    await press(page, 'Umbenennen: Tablet');
    await page.locator('#ask-field').fill('Altes Tablet');
    await press(page, 'Speichern');
    await other.getByText('Altes Tablet').waitFor();
    await press(page, 'Entkoppeln: Altes Tablet');
    await look(page, 'unpairing');
    await press(page, 'Entkoppeln');
    await other.getByText('This phone is not paired any more.', { exact: false }).waitFor();
    await other.reload();
    await other.getByRole('heading', { name: 'Pair this phone' }).waitFor();
    expect(await engine.devices('dave')).toHaveLength(1);
  });

  it('replaces its user by another one, and unpairs the first', async () => {
    const page = await pairedPage('erin');
    await engine.createUser('frank');
    const offer = await engine.pairDevice('frank');
    await page.goto(offer.url);
    await page.getByText('This phone is paired with erin already.', { exact: false }).waitFor();
    await press(page, 'Cancel');
    await page.locator('#who-name', { hasText: 'erin' }).waitFor();
    expect(await engine.devices('frank')).toEqual([]);

    await page.goto(offer.url);
    await press(page, 'Pair');
    await page.locator('#who-name', { hasText: 'frank' }).waitFor();
    await expect.poll(() => engine.devices('erin'), POLL_OPTIONS).toEqual([]);
    expect(await engine.devices('frank')).toHaveLength(1);
    await expect(client.authorize('erin')).rejects.toThrow(NoPairedDevicesError);
    await client.authorize('frank');
    await press(page, 'Approve');
    await page.getByRole('heading', { name: 'Approved' }).waitFor();
    await page.reload();
    await page.locator('#who-name', { hasText: 'frank' }).waitFor();
  });

  it('proves a PIN, a fingerprint and a location when an application requires them', async () => {
    await engine.createUser('carol');
    const { url } = await engine.pairDevice('carol');
    const page = await newPage({
      permissions: ['geolocation'],
      geolocation: { latitude: 52.52, longitude: 13.4, accuracy: 20 },
    });
    const session = await page.context().newCDPSession(page);
    await session.send('WebAuthn.enable');
    await session.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    // Passkeys belong to a host name, which an IP address is not.
    await page.goto(url.replace('127.0.0.1', 'localhost'));
    await press(page, 'Pair');
    await page.getByText('Nothing to approve').waitFor();

    const place = { latitude: 52.52, longitude: 13.4, radius: 200 };
    const everything = await client.authorize('carol', {
      policy: policy({ knowledge: 1, inherence: 1, locations: [place] }),
    });
    await page.getByText('Shop asks for a PIN.', { exact: false }).waitFor();
    await page.locator('#deny:enabled').waitFor();
    expect(await page.locator('#approve').isDisabled()).toBe(true);
    await look(page, 'a policy');
    await press(page, 'Set PIN');
    await page.getByLabel('New PIN').fill('12345');
    await press(page, 'Save');
    await page.getByText('A PIN is six to twelve digits.').waitFor();
    await page.getByLabel('New PIN').fill('271828');
    await press(page, 'Save');
    await page.getByText('Shop asks for your fingerprint', { exact: false }).waitFor();
    await press(page, 'Set up');
    await page.locator('#biometric-state', { hasText: 'Set up on this phone' }).waitFor();
    await press(page, 'Approve');
    await page.getByLabel('PIN', { exact: true }).fill('000000');
    await press(page, 'Continue');
    await page.getByText('Wrong PIN. 4 more tries.').waitFor();
    await look(page, 'a wrong PIN');
    await page.getByLabel('PIN', { exact: true }).fill('271828');
    await press(page, 'Continue');
    await page.getByRole('heading', { name: 'Approved' }).waitFor();
    expect(await answerTo(everything)).toMatchObject({ authorized: true });

    // The new PIN is accepted, and the old one is not.
    await press(page, 'Change');
    await page.getByLabel('PIN', { exact: true }).fill('271828');
    await press(page, 'Continue');
    await page.getByLabel('New PIN').fill('314159');
    await press(page, 'Save');
    await page.locator('#ask').waitFor({ state: 'hidden' });
    const byNewPin = await client.authorize('carol', { policy: policy({ knowledge: 1 }) });
    await press(page, 'Approve');
    await page.getByLabel('PIN', { exact: true }).fill('271828');
    await press(page, 'Continue');
    await page.getByText('Wrong PIN. 4 more tries.').waitFor();
    await page.getByLabel('PIN', { exact: true }).fill('314159');
    await press(page, 'Continue');
    await page.getByRole('heading', { name: 'Approved' }).waitFor();
    expect(await answerTo(byNewPin)).toMatchObject({ authorized: true });

    await page.context().setGeolocation({ latitude: 52.4, longitude: 13.4, accuracy: 20 });
    const outside = await client.authorize('carol', { policy: policy({ locations: [place] }) });
    await press(page, 'Approve');
    await page.getByText('You are 13 km away from where Shop takes approvals.').waitFor();
    await look(page, 'outside');
    await press(page, 'Deny');
    expect(await answerTo(outside)).toMatchObject({ authorized: false, reason: 'policy' });

    // The fifth wrong PIN deletes the key.
    const locked = await client.authorize('carol', {
      policy: policy({ knowledge: 1 }),
    });
    await press(page, 'Approve');
    for (const left of ['4 more tries', '3 more tries', '2 more tries', 'One more try']) {
      await page.getByLabel('PIN', { exact: true }).fill('999999');
      await press(page, 'Continue');
      await page.getByText(`Wrong PIN. ${left}.`).waitFor();
    }
    await page.getByLabel('PIN', { exact: true }).fill('999999');
    await press(page, 'Continue');
    await page.locator('#ask-error', { hasText: 'Locked after too many tries.' }).waitFor();
    await press(page, 'Cancel');
    await page.locator('#request-policy', { hasText: 'Locked after too many tries.' }).waitFor();
    await press(page, 'Deny');
    expect(await answerTo(locked)).toMatchObject({ authorized: false, reason: 'policy' });
  });
});

/** Expects no axe faults in light and dark and no sideways scrolling, and takes a screenshot of each. */
async function look(page: Page, name: string): Promise<void> {
  const found: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of SCREENSHOTS ? [1280, 390] : [390]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 844 });
      await page.evaluate(axe.source);
      const violations = await page.evaluate<axe.Result[]>(
        'axe.run().then(({ violations }) => violations)',
      );
      found.push(...violations.map(({ id, nodes }) => `${id}: ${nodes.map((n) => n.target)}`));
      const sideways = await page.evaluate<boolean>(
        'document.documentElement.scrollWidth > document.documentElement.clientWidth',
      );
      if (sideways) found.push(`scrolls sideways at ${width}`);
      if (SCREENSHOTS) {
        mkdirSync(SCREENSHOTS, { recursive: true });
        const file = `${name.replaceAll(' ', '-')}-${width}-${colorScheme}.png`;
        await page.screenshot({ path: join(SCREENSHOTS, file), fullPage: true });
      }
    }
  }
  await page.emulateMedia({ colorScheme: null });
  expect(found, name).toEqual([]);
}
