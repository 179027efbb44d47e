import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithChromium, launchChromium } from '../support/chromium.js';
import { redisServerPath } from '../support/redis.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Runs the command of the example's README in a process group of its own. */
function launchDemo(enginePort = 0) {
  return spawn('npm', ['start', '--workspace', 'examples/cluster'], {
    cwd: ROOT,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PORT: '0', ENGINE_PORT: `${enginePort}`, REDIS_URL: '' },
  });
}

/** Resolves when the example serves requests. */
async function startDemo() {
  const demo = launchDemo();
  demo.stderr.pipe(process.stderr, { end: false });
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
  /** Resolves when the demo prints a matching line. */
  const says = (what: RegExp) =>
    new Promise<void>((resolve) => {
      heard.add((line) => {
        if (what.test(line)) resolve();
      });
    });
  return { demo, app: urls[0] as string, authenticator: urls[1] as string, says };
}

async function stop(demo: ChildProcess): Promise<void> {
  const ended = closed(demo);
  interrupt(demo);
  await ended;
}

/** Resolves when every process that prints there has ended: npm may end before its children. */
async function closed(demo: ChildProcess): Promise<void> {
  await once(demo, 'close');
}

/** Sends Ctrl+C, which reaches all processes of the terminal at once. */
function interrupt(demo: ChildProcess): void {
  process.kill(-(demo.pid as number), 'SIGINT');
}

/** All processes of the machine, with their parents. */
async function processes(): Promise<{ pid: number; parent: number }[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=']);
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .map(([pid = 0, parent = 0]) => ({ pid, parent }));
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

  it('logs in over several processes, and stays logged in when one dies', async (context) => {
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

  it('leaves no process running when it is stopped under load', async (context) => {
    if (!started) return context.skip('redis-server is not installed');
    const other = await startDemo();
    const page = await (await browser.newContext()).newPage();
    await page.goto(other.app);
    const worker = await pidOn(page);
    const before = await processes();
    const primary = before.find(({ pid }) => pid === worker)?.parent as number;
    const children = before.filter(({ parent }) => parent === primary).map(({ pid }) => pid);
    // Three processes of the application, and Redis.
    expect(children).toHaveLength(4);

    const ended = closed(other.demo);
    // As on a machine that is too busy to run it.
    process.kill(primary, 'SIGSTOP');
    interrupt(other.demo);
    await pause(300);
    process.kill(primary, 'SIGCONT');
    await ended;
    for (const pid of children) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    await expect(fetch(other.app)).rejects.toThrow();
  });

  it('leaves no process running when it cannot start', async (context) => {
    if (!started) return context.skip('redis-server is not installed');
    const demo = launchDemo(Number(new URL(started.authenticator).port));
    let said = '';
    demo.stderr.on('data', (chunk) => {
      said += chunk;
    });
    const [code] = await once(demo, 'close');
    expect([code, said]).toEqual([1, expect.stringMatching(/Cannot listen on 127\.0\.0\.1, port/)]);
  });
});
