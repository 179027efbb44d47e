import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { describeWithChromium, launchChromium } from '../support/chromium.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** With a folder in SCREENSHOTS, each state is kept there as a picture. */
const { SCREENSHOTS } = process.env;

/** The command of the README, in a process group of its own. */
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
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.setViewportSize({ width, height: 800 });
      await page.screenshot({ path: join(SCREENSHOTS, `${name}-${width}-${colorScheme}.png`) });
    }
  }
}

describeWithChromium('the demo in a browser', () => {
  const folder = mkdtempSync(join(tmpdir(), 'launchkey-demo-'));
  const dataFile = join(folder, 'users.sqlite');
  let demo: ChildProcess;
  let browser: Browser;
  let addresses: { app: string; authenticator: string };
  let app: Page;
  let phone: Page;

  beforeAll(async () => {
    ({ demo, ...addresses } = await startDemo(dataFile));
    browser = await launchChromium();
  });

  afterAll(async () => {
    await browser?.close();
    await stop(demo);
    rmSync(folder, { recursive: true });
  });

  beforeEach(async () => {
    app = await (await browser.newContext()).newPage();
    phone = await (await browser.newContext()).newPage();
    await phone.goto(addresses.authenticator);
    return async () => {
      await app.context().close();
      await phone.context().close();
    };
  });

  async function askToLogIn(): Promise<void> {
    await app.goto(`${addresses.app}/login`);
    await app.getByLabel('User name').fill('alice');
    await picture(app, 'login');
    await app.getByRole('button', { name: 'Log in with my phone' }).click({ noWaitAfter: true });
    await phone.getByRole('button', { name: 'Approve' }).waitFor();
  }

  it('logs in with an approval, shows the protected page, and logs out', async () => {
    await app.goto(addresses.app);
    await app.waitForURL('**/login');
    await askToLogIn();
    await phone.getByText('Express example').first().waitFor();
    await phone.getByText('Log in to the example', { exact: true }).waitFor();
    await picture(phone, 'authenticator-request');
    await phone.getByRole('button', { name: 'Approve' }).click();
    await app.getByRole('heading', { name: 'Hello, alice' }).waitFor();
    await picture(app, 'logged-in');
    await phone.getByRole('button', { name: /End session/ }).waitFor();
    await picture(phone, 'authenticator-session');

    await app.getByRole('button', { name: 'Log out' }).click();
    await app.waitForURL('**/login');
    await phone.getByText('No open sessions.').waitFor();
    await app.goto(addresses.app);
    expect(new URL(app.url()).pathname).toBe('/login');
  });

  it('does not log in after a denial, and says so', async () => {
    await askToLogIn();
    await phone.getByRole('button', { name: 'Deny' }).click();
    await app.getByText('The login was denied.').waitFor();
    await picture(app, 'denied');
    await app.goto(addresses.app);
    expect(new URL(app.url()).pathname).toBe('/login');
  });

  it('is logged out at the next click after the session was ended on the phone', async () => {
    await askToLogIn();
    await phone.getByRole('button', { name: 'Approve' }).click();
    await app.getByRole('heading', { name: 'Hello, alice' }).waitFor();
    await phone.getByRole('button', { name: /End session/ }).click();
    await phone.getByText('No open sessions.').waitFor();
    await app.goto(addresses.app);
    expect(new URL(app.url()).pathname).toBe('/login');
  });

  it.skipIf(process.platform === 'win32')('keeps its users in a file for its owner only', () => {
    expect(statSync(dataFile).mode & 0o777).toBe(0o600);
  });
});
