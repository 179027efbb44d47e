import axe from 'axe-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { describeWithChromium, launchChromium } from '../../../spec/support/chromium.js';
import { type Engine, startEngine } from '../../lib/index.js';
import { Application } from '../support/application.js';
import { start } from '../support/engine.js';

const MINUTE = 60_000;
const SCHEMES = ['light', 'dark'] as const;

/** By how much two pictures differ, on average over all values of all points, of 255. */
const DIFFERENCE = `async (files) => {
  const pictures = await Promise.all(files.map(async (file) => {
    const picture = new Image();
    picture.src = 'authenticator/' + file;
    await picture.decode();
    return picture;
  }));
  const { width, height } = pictures[0];
  const [one, other] = pictures.map((picture) => {
    const context = new OffscreenCanvas(width, height).getContext('2d');
    context.drawImage(picture, 0, 0, width, height);
    return context.getImageData(0, 0, width, height).data;
  });
  return one.reduce((sum, value, at) => sum + Math.abs(value - other[at]), 0) / one.length;
}`;

/** On how many lines the text of each of these is. */
const LINES = `Object.fromEntries(
  [...document.querySelectorAll('.brand, #who-name, #switch, #deny, #approve')].map((part) => {
    const text = document.createRange();
    text.selectNodeContents(part.lastChild);
    return [part.textContent, new Set([...text.getClientRects()].map(({ top }) => top)).size];
  }),
)`;

describeWithChromium('the authenticator in a browser', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(async () => await browser?.close());

  /** A page of a browser of its own, and what went wrong in it. */
  async function newPage(options: BrowserContextOptions = {}) {
    const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
    onTestFinished(async () => await context.close());
    const page = await context.newPage();
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') faults.push(message.text());
    });
    return { page, faults };
  }

  /** Goes on with the Tab key until the focus is on what has this name. */
  async function tabTo(page: Page, name: string): Promise<void> {
    for (let steps = 0; steps < 30; steps += 1) {
      await page.keyboard.press('Tab');
      if ((await focused(page)) === name) return;
    }
    throw new Error(`The Tab key does not reach "${name}"`);
  }

  async function press(page: Page, name: string): Promise<void> {
    await page.getByRole('button', { name, exact: true, disabled: false }).waitFor();
    await tabTo(page, name);
    await page.keyboard.press('Enter');
  }

  async function enter(page: Page, engine: Engine, user = 'alice'): Promise<void> {
    await page.goto(`${engine.url}/authenticator?user`);
    await page.getByLabel('User name').waitFor();
    // The field has the focus already.
    await page.keyboard.type(user);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Where you are logged in' }).waitFor();
  }

  it('asks who it is, and says when there is no such user', async () => {
    const { engine } = await start();
    const { page } = await newPage();
    await page.goto(`${engine.url}/authenticator?user`);
    await page.getByLabel('User name').waitFor();
    await page.keyboard.press('Enter');
    await page.getByText('Please fill this in.').waitFor();
    await page.keyboard.type('mallory');
    await page.keyboard.press('Enter');
    await page.getByText('There is no user of this name.').waitFor();
    expect(await focused(page)).toBe('User name');
    expect(await page.getByLabel('User name').getAttribute('aria-invalid')).toBe('true');
    await page.getByLabel('User name').fill('alice');
    await page.keyboard.press('Enter');
    await page.getByText('Nothing to approve').waitFor();
    // The address says it now.
    await page.reload();
    await page.getByText('Nothing to approve').waitFor();
  });

  it.each([
    ['en-US', 360],
    ['de-DE', 320],
  ])(
    'breaks no word of heads and buttons in %s on %i points, and cuts off no name',
    async (locale, width) => {
      const { engine, application } = await start();
      await application.authorize('alice');
      const { page } = await newPage({ locale, viewport: { width, height: 640 } });
      await page.goto(`${engine.url}/authenticator?user=alice`);
      await page.locator('#approve').waitFor();
      const lines = Object.entries(await page.evaluate<Record<string, number>>(LINES));
      expect(lines.filter(([, count]) => count !== 1)).toEqual([]);
      expect(lines).toHaveLength(5);
      const beyond = (part: { scrollWidth: number; clientWidth: number }) =>
        part.scrollWidth - part.clientWidth;
      expect(await page.locator('#who-name').evaluate(beyond)).toBe(0);
      expect(await page.locator('html').evaluate(beyond)).toBe(0);
    },
  );

  it('has in the PNG icons what is drawn in the SVG ones', async () => {
    const { engine } = await start();
    const { page } = await newPage();
    await page.goto(engine.authenticatorUrl);
    for (const files of [
      ['apple-touch-icon.png', 'icon-maskable.svg'],
      ['icon-192.png', 'icon.svg'],
      ['icon-512.png', 'icon.svg'],
      ['icon-maskable-512.png', 'icon-maskable.svg'],
    ]) {
      const off = await page.evaluate<number>(`(${DIFFERENCE})(${JSON.stringify(files)})`);
      expect(off, files[0]).toBeLessThan(2);
    }
  });

  it('approves with the keyboard alone, shows the session, and ends it', async () => {
    const { engine, application } = await start();
    const { page, faults } = await newPage();
    await enter(page, engine);
    const token = await application.authorize('alice', { context: 'Order 1' });
    await page.getByRole('heading', { name: 'Shop' }).waitFor();
    await page.getByText('wants to log you in', { exact: true }).waitFor();
    await page.getByText('Order 1', { exact: true }).waitFor();
    await page.getByText(/^[45]:\d\d left$/).waitFor();
    expect(await page.title()).toBe('(1) Authenticator');
    await press(page, 'Approve');
    await page.getByRole('heading', { name: 'Approved' }).waitFor();
    expect(await focused(page)).toBe('Approved');
    const { body } = await application.poll(token);
    expect(application.decryptAuth(body.auth)).toMatchObject({ response: 'true' });

    await press(page, 'End session at Shop');
    await page.getByText('Pending clear').waitFor();
    expect(await focused(page)).toBe('Where you are logged in');
    expect((await application.poll(token)).body.message_code).toBe(70404);
    await application.log(token, 'Revoke');
    await page.getByText('No open sessions.').waitFor();
    expect(faults).toEqual([]);
  });

  it.each([
    ['Deny', 'Denied', 'disapproved'],
    ['I did not ask for this', 'Denied and reported', 'fraudulent'],
  ])('"%s" is told to the application', async (button, title, reason) => {
    const { engine, application } = await start();
    const { page, faults } = await newPage();
    await enter(page, engine);
    const token = await application.authorize('alice', { session: 'False' });
    await page.getByText('asks you to confirm', { exact: true }).waitFor();
    await press(page, button);
    await page.getByRole('heading', { name: title, exact: true }).waitFor();
    const { body } = await application.poll(token);
    expect(application.decryptAuth(body.auth)).toMatchObject({ response: 'false', reason });
    expect(faults).toEqual([]);
  });

  it('approves with the right number and denies with another, picked with the keyboard', async () => {
    const { engine, application } = await start();
    const { page, faults } = await newPage();
    await enter(page, engine);
    const answers: unknown[] = [];
    for (const right of [true, false]) {
      const { token, numbers } = await askForNumber(engine, application);
      await page.locator('#number-choice', { hasText: numbers.join('') }).waitFor();
      await page.locator('#deny:enabled').waitFor();
      expect(await page.locator('#approve').isDisabled()).toBe(true);
      await tabTo(page, numbers[0] ?? '');
      await page.keyboard.press('Space');
      const wanted = numbers.findLastIndex((number) => (number === '42') === right);
      for (let step = 0; step < wanted; step += 1) await page.keyboard.press('ArrowDown');
      await press(page, 'Approve');
      await page.getByRole('heading', { name: right ? 'Approved' : 'Denied' }).waitFor();
      const { body } = await application.poll(token);
      answers.push(application.decryptAuth(body.auth));
    }
    expect(answers).toMatchObject([{ response: 'true' }, { response: 'false', reason: 'number' }]);
    await page
      .getByText('That was not the number which Shop shows. Log in again.', { exact: true })
      .waitFor();
    expect(faults).toEqual([]);
  });

  it('ends all sessions', async () => {
    const { engine, application } = await start();
    const other = new Application(engine.url, await engine.createApp({ name: 'Library' }));
    for (const asking of [application, application, other]) {
      await engine.answer(await asking.authorize('alice'), true);
    }
    const { page, faults } = await newPage();
    await enter(page, engine);
    await page.getByText(/^2 logins, the first since/).waitFor();
    await press(page, 'End all');
    await page.getByText('Pending clear').nth(1).waitFor();
    expect((await engine.sessions('alice')).map(({ state }) => state)).toEqual(
      Array(3).fill('pending clear'),
    );
    await page.getByRole('button', { name: 'End all' }).waitFor({ state: 'hidden' });
    expect(faults).toEqual([]);
  });

  it('shows one request after the other, and none of them can be approved at once', async () => {
    const { engine, application } = await start();
    const { page } = await newPage();
    const now = Date.now();
    await page.clock.install({ time: now });
    await enter(page, engine);
    await page.clock.pauseAt(now + MINUTE);
    for (const context of ['first', 'second']) await application.authorize('alice', { context });
    await page.getByText('1 more request is waiting.').waitFor();
    const approve = page.locator('#approve');
    await page.clock.runFor(500);
    expect(await approve.isDisabled()).toBe(true);
    await page.clock.runFor(100);
    expect(await approve.isEnabled()).toBe(true);
    expect(await page.locator('#request-context').textContent()).toBe('first');
    await press(page, 'Approve');
    await page.getByRole('heading', { name: 'Approved' }).waitFor();
    await page.clock.runFor(1000);
    expect(await page.locator('#request-context').textContent()).toBe('second');
    expect(await approve.isDisabled()).toBe(true);
  });

  it('withdraws a request that expires, and says so of an answer that is too late', async () => {
    const { engine, application, clock } = await start();
    const { page } = await newPage();
    const now = Date.now();
    await page.clock.install({ time: now });
    await enter(page, engine);
    await application.authorize('alice');
    await page.locator('#approve:enabled').waitFor();
    clock.advance(5 * MINUTE);
    await press(page, 'Approve');
    await page.getByText('This request has expired. Log in again.').waitFor();
    await page.clock.fastForward(5 * MINUTE);
    await page.getByRole('heading', { name: 'No longer open' }).waitFor();
  });

  it('says in which browser a login was started, and whether the application knows it', async () => {
    const { engine, application } = await start();
    const { page } = await newPage();
    await enter(page, engine);
    const user_agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0';
    const browser = JSON.stringify({ address: '203.0.113.7', user_agent, known: false });
    const first = await application.authorize('alice', { browser });
    await page.getByText('Firefox on Linux · 203.0.113.7', { exact: true }).waitFor();
    await page.getByText('This browser is new to Shop.', { exact: true }).waitFor();
    await engine.answer(first, false);
    await application.authorize('alice', { browser: '{"known":true}' });
    await page.getByText('Shop knows this browser.', { exact: true }).waitFor();
    expect(await page.locator('#request-browser').isVisible()).toBe(false);
  });

  it('says that a request was cancelled in the browser', async () => {
    const { engine, application } = await start();
    const { page } = await newPage();
    await enter(page, engine);
    const authRequest = await application.authorize('alice');
    await page.locator('#approve:enabled').waitFor();
    await application.log(authRequest, 'Withdraw');
    await page.getByRole('heading', { name: 'Cancelled in the browser' }).waitFor();
    await page.getByText('Shop has taken its request back.', { exact: true }).waitFor();
    expect(await page.locator('#withdrawn').isVisible()).toBe(false);
  });

  it('shows nothing of the user before to the next one', async () => {
    const { engine, application } = await start();
    await engine.createUser('bob');
    const { page, faults } = await newPage();
    const now = Date.now();
    await page.clock.install({ time: now });
    await enter(page, engine);
    await page.clock.pauseAt(now + MINUTE);
    for (const context of ['first', 'second']) await application.authorize('alice', { context });
    await page.getByText('1 more request is waiting.').waitFor();
    await page.clock.runFor(600);
    await press(page, 'Approve');
    await page.getByRole('heading', { name: 'Approved' }).waitFor();
    await press(page, 'Switch user');
    await page.keyboard.type('bob');
    await page.keyboard.press('Enter');
    await page.getByText('Nothing to approve').waitFor();
    await page.clock.runFor(10_000);
    await page.getByText('Nothing to approve').waitFor();
    expect(await page.locator('#request').isVisible()).toBe(false);
    expect(faults).toEqual([]);
  });

  it('says that the engine is gone, and goes on when it is back', async () => {
    const { engine } = await start();
    const { page } = await newPage();
    await enter(page, engine);
    await engine.close();
    const lost = page.getByText('The connection to the engine is lost. Trying again…');
    await lost.waitFor();
    const again = await startAgain(engine);
    await again.engine.createUser('alice');
    await lost.waitFor({ state: 'hidden' });
    await again.application.authorize('alice');
    await page.getByRole('heading', { name: 'Shop' }).waitFor();
  });

  it('asks who it is when the engine is back without the user', async () => {
    const { engine } = await start();
    const { page } = await newPage();
    await enter(page, engine);
    await engine.close();
    await startAgain(engine);
    await page.getByText('There is no user of this name.').waitFor();
    await page.getByLabel('User name').waitFor();
  });

  it.each(SCHEMES)('has no finding of axe in %s', async (colorScheme) => {
    const { engine, application } = await start();
    const { page } = await newPage({ colorScheme });
    const findings: Record<string, string[]> = {};
    const look = async (name: string) => {
      findings[name] = await violations(page);
    };
    await page.goto(`${engine.url}/authenticator?user`);
    await page.getByText('I was given a code').click();
    await page.getByLabel('User name').press('Enter');
    await page.getByText('Please fill this in.').waitFor();
    await look('signing in');
    await enter(page, engine);
    await look('nothing to approve');
    const policy = JSON.stringify({ minimum_requirements: [{ knowledge: 1 }] });
    for (const context of ['first', 'second']) {
      await application.authorize('alice', { context, policy, number_match: '42' });
    }
    await page.locator('#deny:enabled').waitFor();
    await look('a request with a number to pick');
    await page.locator('#number-choice label', { hasText: '42' }).click();
    await look('a number picked');
    await page.getByRole('button', { name: 'Deny' }).click();
    await page.getByRole('heading', { name: 'Denied' }).waitFor();
    await look('the outcome');
    await engine.answer(await application.authorize('alice'), true);
    await page.getByRole('button', { name: 'End session at Shop' }).waitFor();
    await look('a session');
    await engine.deorbit('alice');
    await page.getByText('Pending clear').waitFor();
    await look('a session that is being ended');
    await engine.close();
    await page.getByText('The connection to the engine is lost.').waitFor();
    await look('the engine gone');
    expect(Object.entries(findings).filter(([, found]) => found.length > 0)).toEqual([]);
  });
});

/** A request to pick 42 from numbers of which it is not the first, for that one is picked at once. */
async function askForNumber(engine: Engine, application: Application) {
  for (;;) {
    const token = await application.authorize('alice', { number_match: '42' });
    const request = (await engine.requests('alice')).find((one) => one.authRequest === token);
    const numbers = request?.numbers ?? [];
    if (numbers[0] !== '42') return { token, numbers };
    await engine.answer(token, false);
  }
}

/** Another engine at the same address, as after a restart. */
async function startAgain({ url }: Engine) {
  const engine = await startEngine({ port: Number(new URL(url).port), rateLimit: false });
  onTestFinished(async () => await engine.close());
  const application = new Application(engine.url, await engine.createApp({ name: 'Shop' }));
  return { engine, application };
}

/** The name of what has the focus: its label, or what it says. */
async function focused(page: Page): Promise<string> {
  return await page.evaluate(`(() => {
    const { activeElement: element } = document;
    const label = element.labels?.[0]?.textContent;
    return (element.ariaLabel ?? label ?? element.textContent).trim();
  })()`);
}

/** What axe finds, as texts that say what and where. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const found = await page.evaluate<axe.Result[]>('axe.run().then(({ violations }) => violations)');
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(', ')}`);
}
