import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import axe from 'axe-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { describeWithChromium, launchChromium } from '../support/chromium.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** If SCREENSHOTS names a folder, a screenshot of each state is written to it. */
const { SCREENSHOTS } = process.env;

/** Runs the command of the README in a process group of its own. */
async function startDemo(dataFile: string) {
  const demo = spawn('npm', ['run', 'demo'], {
    cwd: ROOT,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, PORT: '0', ENGINE_PORT: '0', DATA_FILE: dataFile },
  });
  const urls: string[] = [];
  for await (const line of createInterface({ input: demo.stdout })) {
    const url = /https?:\/\/\S+/.exec(line)?.[0];
    if (url && urls.push(url) === 2) break;
  }
  const [app, authenticator] = urls;
  if (!app || !authenticator) throw new Error('The demo printed no two addresses');
  return { demo, app, authenticator };
}

async function stop(demo: ChildProcess): Promise<void> {
  const ended = once(demo, 'exit');
  process.kill(-(demo.pid as number), 'SIGINT');
  await ended;
}

async function picture(page: Page, name: string): Promise<void> {
  if (!SCREENSHOTS) return;
  mkdirSync(SCREENSHOTS, { recursive: true });
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [390, 1280]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 800 });
      await page.screenshot({ path: join(SCREENSHOTS, `${name}-${width}-${colorScheme}.png`) });
    }
  }
}

/** The faults that axe finds in the current page, in light and dark, on a phone and a desktop. */
async function findings(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [390, 1280]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 800 });
      // addScriptTag() would be refused: the page's Content-Security-Policy forbids inline scripts.
      await page.evaluate(axe.source);
      const { violations } = await page.evaluate(() =>
        (globalThis as unknown as { axe: typeof axe }).axe.run(),
      );
      const sideways = await page.evaluate<boolean>(
        'document.documentElement.scrollWidth > document.documentElement.clientWidth',
      );
      if (sideways) violations.push({ id: 'scrolls sideways' } as (typeof violations)[number]);
      found.push(
        ...violations.map(
          ({ id, nodes }) => `${id} ${width} ${colorScheme} ${nodes?.[0]?.html ?? ''}`,
        ),
      );
    }
  }
  return found;
}

const PASSWORD = 'correct horse';

describeWithChromium('the demo in a browser', () => {
  const folder = mkdtempSync(join(tmpdir(), 'launchkey-demo-'));
  let demo: ChildProcess;
  let browser: Browser;
  let addresses: { app: string; authenticator: string };

  beforeAll(async () => {
    ({ demo, ...addresses } = await startDemo(join(folder, 'users.sqlite')));
    browser = await launchChromium();
  });

  afterAll(async () => {
    await browser?.close();
    await stop(demo);
    rmSync(folder, { recursive: true });
  });

  /** A page of a browser of its own. Errors in it fail the test. */
  async function newPage(options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
    const page = await context.newPage();
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => {
      // Chromium reports the status of a refused form.
      if (message.type() === 'error' && !/status of 4\d\d/.test(message.text())) {
        faults.push(message.text());
      }
    });
    onTestFinished(async () => {
      await context.close();
      expect(faults).toEqual([]);
    });
    return page;
  }

  async function openPhone(user: 'alice' | 'bob'): Promise<Page> {
    const phone = await newPage();
    const url = new URL(addresses.authenticator);
    url.searchParams.set('user', user);
    await phone.goto(url.href);
    await phone.getByRole('heading', { name: 'Where you are logged in' }).waitFor();
    return phone;
  }

  async function askPhone(app: Page, user: string, button: string): Promise<void> {
    await app.getByLabel('User name').fill(user);
    await app.getByRole('button', { name: button }).click();
    await app.getByRole('heading', { name: 'Check your phone' }).waitFor();
  }

  async function askToLogIn(app: Page, user: string): Promise<void> {
    await app.goto(`${addresses.app}/login`);
    await askPhone(app, user, 'Log in with my phone');
  }

  /** Types the number of the waiting page on the phone, as it is shown, and approves. */
  async function approve(phone: Page, app: Page): Promise<void> {
    const number = await app.locator('section:visible .number strong').innerText();
    expect(number).toMatch(/^\d{3}\u00a0\d{3}$/);
    await phone.getByRole('textbox', { name: 'Type the number' }).fill(number);
    await phone.getByRole('button', { name: 'Approve' }).click();
  }

  async function logIn(app: Page, phone: Page, user: string): Promise<void> {
    await askToLogIn(app, user);
    await approve(phone, app);
  }

  /** Creates an account with a password, and logs in to it. */
  async function signUp(app: Page, email: string): Promise<void> {
    await app.goto(`${addresses.app}/signup`);
    await app.getByLabel('E-mail address').fill(email);
    await app.getByLabel('Password').fill(PASSWORD);
    await app.getByRole('button', { name: 'Create the account' }).click();
    await app.getByRole('heading', { name: 'Ways to log in' }).waitFor();
  }

  it('logs in after the user typed the right number, shows the protected page, and logs out', async () => {
    const [app, phone] = [await newPage(), await openPhone('alice')];
    await app.goto(addresses.app);
    await app.waitForURL('**/login');
    await picture(app, 'login');
    await askToLogIn(app, 'alice');
    await picture(app, 'waiting');
    await phone.getByText('Express example').first().waitFor();
    await phone.getByText('Log in to the example', { exact: true }).waitFor();
    await picture(phone, 'authenticator-request');
    await approve(phone, app);
    await app.getByRole('heading', { name: 'Hello, alice' }).waitFor();
    await picture(app, 'home');
    await phone.getByRole('button', { name: /End session/ }).waitFor();
    await picture(phone, 'authenticator-session');

    await app.getByRole('button', { name: 'Log out' }).click();
    await app.waitForURL('**/login');
    await phone.getByText('No open sessions.').waitFor();
    await app.goto(addresses.app);
    expect(new URL(app.url()).pathname).toBe('/login');
  });

  it('does not log in after a denial, and shows the denial', async () => {
    const [app, phone] = [await newPage(), await openPhone('alice')];
    await askToLogIn(app, 'alice');
    await phone.getByRole('button', { name: 'Deny' }).click();
    await app.getByRole('heading', { name: 'Not approved' }).waitFor();
    await app.getByRole('link', { name: 'Back to the login page' }).click();
    await app.waitForURL('**/login');
    await app.goto(addresses.app);
    expect(new URL(app.url()).pathname).toBe('/login');
  });

  it('logs the user out at the next click after the session was ended on the phone', async () => {
    const [app, phone] = [await newPage(), await openPhone('alice')];
    await logIn(app, phone, 'alice');
    await app.getByRole('heading', { name: 'Hello, alice' }).waitFor();
    await phone.getByRole('button', { name: /End session/ }).click();
    await phone.getByText('No open sessions.').waitFor();
    await app.getByRole('link', { name: 'Ways to log in' }).click();
    await app.waitForURL('**/login');
  });

  it('links a phone to an account, logs in to the account with it, and unlinks it', async () => {
    const [app, phone] = [await newPage(), await openPhone('bob')];
    await signUp(app, 'ann@example.com');
    await app.getByRole('link', { name: 'Link a phone' }).click();
    await picture(app, 'link');
    await askPhone(app, 'bob', 'Ask my phone');
    await app.getByText('Approve the request on the phone of bob').waitFor();
    await phone
      .getByText('Link this phone to the account of ann@example.com', { exact: true })
      .waitFor();
    await approve(phone, app);
    await app.getByText('The phone of bob, linked on').waitFor();
    await picture(app, 'account-linked');
    // Linking logs no one in, so it opens no session.
    await phone.getByText('No open sessions.').waitFor();

    await app.getByRole('link', { name: 'Back' }).click();
    await app.getByRole('button', { name: 'Log out' }).click();
    await logIn(app, phone, 'bob');
    await app.getByRole('heading', { name: 'Hello, ann@example.com' }).waitFor();
    await app.getByRole('link', { name: 'Ways to log in' }).click();
    await app.getByRole('button', { name: 'Unlink it' }).click();
    await app.getByText('No phone is linked.').waitFor();
    await phone.getByText('No open sessions.').waitFor();
  });

  it('refuses to link a phone that is linked to another account', async () => {
    const [app, phone] = [await newPage(), await openPhone('alice')];
    await logIn(app, phone, 'alice');
    await app.getByRole('heading', { name: 'Hello, alice' }).waitFor();
    await app.getByRole('link', { name: 'Ways to log in' }).click();
    await app.getByText('It is the only way to log in to this account.').waitFor();
    await picture(app, 'account-phone-only');
    await app.getByRole('link', { name: 'Back' }).click();
    await app.getByRole('button', { name: 'Log out' }).click();

    await signUp(app, 'eve@example.com');
    await app.getByRole('link', { name: 'Link a phone' }).click();
    await askPhone(app, 'alice', 'Ask my phone');
    await approve(phone, app);
    await app.getByText('This phone is linked to another account.').waitFor();
    await picture(app, 'link-refused');
    await app.getByRole('link', { name: 'Back' }).click();
    await app.getByText('No phone is linked.').waitFor();
  });

  it('works without JavaScript', async () => {
    const app = await newPage({ javaScriptEnabled: false });
    const phone = await openPhone('alice');
    await logIn(app, phone, 'alice');
    // Without JavaScript the waiting page reloads itself, and a button takes the last step.
    await app.getByRole('button', { name: 'Continue' }).click();
    await app.getByRole('heading', { name: 'Hello, alice' }).waitFor();
    await app.getByRole('button', { name: 'Log out' }).click();
    await app.waitForURL('**/login');
  });

  it.each(['/login', '/login/password', '/signup'])(
    'has no accessibility faults on %s for visitors, and does not scroll sideways',
    async (path) => {
      const app = await newPage();
      await app.goto(addresses.app + path);
      expect(await findings(app)).toEqual([]);
      if (path === '/signup') await picture(app, 'signup');
    },
  );

  it('explains a wrong password in an accessible way', async () => {
    const app = await newPage();
    await app.goto(`${addresses.app}/login/password`);
    await app.getByLabel('E-mail address').fill('unknown@example.com');
    await app.getByLabel('Password').fill('wrong one');
    await app.getByRole('button', { name: 'Log in' }).click();
    await app.getByRole('alert').waitFor();
    expect(await findings(app)).toEqual([]);
    await picture(app, 'password-refused');
  });

  it.each(['/', '/account', '/account/phone'])(
    'has no accessibility faults on %s for users, even with a long name',
    async (path) => {
      const app = await newPage();
      await signUp(app, `${'long-address-'.repeat(8)}${path.length}@example.com`);
      await app.goto(addresses.app + path);
      expect(await findings(app)).toEqual([]);
      if (path === '/') await picture(app, 'home-long');
    },
  );
});
