import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { describeWithChromium, launchChromium } from '../support/chromium.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Runs the command of the example's README in a process group of its own. */
async function startDemo() {
  const demo = spawn('npm', ['start', '--workspace', 'examples/spa'], {
    cwd: ROOT,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, PORT: '0', ENGINE_PORT: '0' },
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

/** Hides the page, as when its user turns to something else, or shows it again. */
async function turn(page: Page, visibility: 'hidden' | 'visible'): Promise<void> {
  await page.evaluate(`
    Object.defineProperty(document, 'hidden', { configurable: true, value: ${visibility === 'hidden'} });
    document.dispatchEvent(new Event('visibilitychange'));
  `);
}

describeWithChromium('the single-page example in a browser', () => {
  let browser: Browser;
  let started: Awaited<ReturnType<typeof startDemo>>;

  beforeAll(async () => {
    started = await startDemo();
    browser = await launchChromium();
  });

  afterAll(async () => {
    await browser?.close();
    if (started) await stop(started.demo);
  });

  /** The application and the phone, in a browser each. Errors in them fail the test. */
  async function open(): Promise<{ app: Page; phone: Page }> {
    const faults: string[] = [];
    const [app, phone] = await Promise.all(
      [started.app, started.authenticator].map(async (url) => {
        const context = await browser.newContext({ reducedMotion: 'reduce' });
        const page = await context.newPage();
        page.on('pageerror', (error) => faults.push(error.message));
        page.on('console', (message) => {
          // Chromium reports the 401 of a user who is not logged in.
          if (message.type() === 'error' && !/status of 401/.test(message.text())) {
            faults.push(message.text());
          }
        });
        onTestFinished(() => context.close());
        await page.goto(url);
        return page;
      }),
    );
    onTestFinished(() => expect(faults).toEqual([]));
    return { app: app as Page, phone: phone as Page };
  }

  async function ask(app: Page): Promise<void> {
    await app.getByLabel('User name').fill('alice');
    await app.getByRole('button', { name: 'Log in with my phone' }).click();
    await app.getByRole('heading', { name: 'Look at your phone' }).waitFor();
  }

  async function approve(app: Page, phone: Page): Promise<void> {
    const number = await app.locator('section:visible .number').innerText();
    expect(number).toMatch(/^\d{3}\u00a0\d{3}$/);
    await phone.getByRole('textbox', { name: 'Type the number' }).fill(number);
    await phone.getByRole('button', { name: 'Approve' }).click();
  }

  /** Resolves when the phone no longer shows the request, so that the next one is another. */
  async function deny(phone: Page): Promise<void> {
    await phone.getByRole('button', { name: 'Deny' }).click();
    await phone.getByRole('button', { name: 'Deny' }).waitFor({ state: 'hidden' });
  }

  it('shows that a login was denied or cancelled, and tries again until it is approved', async () => {
    const { app, phone } = await open();
    await ask(app);
    await deny(phone);
    await app.getByText('The login was denied.').waitFor();

    await app.getByRole('button', { name: 'Try again' }).click();
    await phone.getByRole('button', { name: 'Deny' }).waitFor();
    await app.getByRole('button', { name: 'Cancel' }).click();
    await app.getByRole('heading', { name: 'You are not logged in' }).waitFor();
    await phone.getByRole('button', { name: 'Deny' }).waitFor({ state: 'hidden' });
    expect((await app.request.get(`${started.app}/api/account`)).status()).toBe(401);

    await app.getByRole('button', { name: 'Try again' }).click();
    await approve(app, phone);
    await app.getByRole('heading', { name: 'Hello, alice' }).waitFor();

    await app.getByRole('button', { name: 'Log out' }).click();
    await app.getByText('You are logged out.').waitFor();
    await phone.getByText('No open sessions.').waitFor();
  });

  it('keeps waiting after a reload and in the background, and notices a logout on the phone', async () => {
    const { app, phone } = await open();
    await ask(app);
    const number = await app.locator('section:visible .number').innerText();
    await app.reload();
    await app.getByRole('heading', { name: 'Look at your phone' }).waitFor();
    expect(await app.locator('section:visible .number').innerText()).toBe(number);

    // A response could be lost now, and the cookie of the new session with it.
    const givenUp = app.waitForEvent('requestfailed');
    await turn(app, 'hidden');
    expect((await givenUp).url()).toBe(`${started.app}/api/login`);
    await approve(app, phone);
    await phone.getByRole('button', { name: /End session/ }).waitFor();
    await turn(app, 'visible');
    await app.getByRole('heading', { name: 'Hello, alice' }).waitFor();

    await phone.getByRole('button', { name: /End session/ }).click();
    await phone.getByText('No open sessions.').waitFor();
    await app.getByRole('button', { name: 'Refresh' }).click();
    await app.getByText('You were logged out.').waitFor();
  });

  it('refuses posts that a form of another site could send', async () => {
    const response = await fetch(`${started.app}/api/login`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: '{"username":"alice"}',
    });
    expect(response.status).toBe(415);
  });
});
