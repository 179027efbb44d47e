import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithChromium, launchChromium } from '../support/chromium.js';
import { redisServerPath } from '../support/redis.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The command of the example's README, in a process group of its own. */
async function startDemo() {
  const demo = spawn('npm', ['start', '--workspace', 'examples/cluster'], {
    cwd: ROOT,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, PORT: '0', ENGINE_PORT: '0', REDIS_URL: '' },
  });
  const lines = createInterface({ input: demo.stdout });
  const urls: string[] = [];
  const heard = new Set<(line: string) => void>();
  await new Promise<void>((resolve, reject) => {
    lines.on('line', (line) => {
      const url = /https?:\/\/\S+/.exec(line)?.[0];
      if (url && urls.push(url) === 2) resolve();
      for (const hear of heard) hear(line);
    });
    demo.once('exit', () => reject(new Error('The demo ended at once')));
  });
  /** Resolves when the demo says something like it. */
  const says = (what: RegExp) =>
    new Promise<void>((resolve) => {
      heard.add((line) => {
        if (what.test(line)) resolve();
      });
    });
  return { demo, app: urls[0] as string, authenticator: urls[1] as string, says };
}

async function stop(demo: ChildProcess): Promise<void> {
  // What prints there has ended with it: npm itself may be gone before what it runs.
  const ended = once(demo, 'close');
  process.kill(-(demo.pid as number), 'SIGINT');
  await ended;
}

async function pidOn(page: Page): Promise<number> {
  const text = await page.getByText(/came from process/).textContent();
  return Number(/process (\d+)/.exec(text ?? '')?.[1]);
}

describeWithChromium('the cluster example in a browser', () => {
  let browser: Browser;
  let started: Awaited<ReturnType<typeof startDemo>>;

  beforeAll(async () => {
    if (!redisServerPath() && process.env.CI !== 'true') return;
    started = await startDemo();
    browser = await launchChromium();
  });

  afterAll(async () => {
    await browser?.close();
    if (started) await stop(started.demo);
  });

  it('logs in over several processes, and stays so when one dies', async (context) => {
    if (!started) return context.skip('redis-server is not installed');
    const app = await (await browser.newContext()).newPage();
    const phone = await (await browser.newContext()).newPage();
    await phone.goto(started.authenticator);
    await app.goto(started.app);
    await app.waitForURL('**/login');
    await app.getByLabel('User name').fill('alice');
    await app.getByRole('button', { name: 'Log in with my phone' }).click();
    await app.waitForURL('**/login/wait?request=*');
    await phone.getByText('Cluster example').first().waitFor();
    await phone.getByRole('button', { name: 'Approve' }).click();
    await app.getByRole('heading', { name: 'Hello, alice' }).waitFor();

    const victim = await pidOn(app);
    const replaced = started.says(new RegExp(`Process ${victim} died`));
    process.kill(victim, 'SIGKILL');
    await replaced;
    await app.reload();
    await app.getByRole('heading', { name: 'Hello, alice' }).waitFor();
    expect(await pidOn(app)).not.toBe(victim);

    await app.getByRole('button', { name: 'Log out' }).click();
    await app.waitForURL('**/login');
    await app.goto(started.app);
    expect(new URL(app.url()).pathname).toBe('/login');
    await phone.getByText('No open sessions.').waitFor();
  });

  it('leaves nothing running when it is stopped', async (context) => {
    if (!started) return context.skip('redis-server is not installed');
    const other = await startDemo();
    const page = await (await browser.newContext()).newPage();
    await page.goto(other.app);
    const pid = await pidOn(page);
    await stop(other.demo);
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    await expect(fetch(other.app)).rejects.toThrow();
  });
});
