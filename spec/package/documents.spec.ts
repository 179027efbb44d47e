import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEngine } from 'launchkey-engine';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { readDocument } from '../../tools/markdown.mjs';
import { TestBrowser } from '../support/browser.js';
import { ROOT } from '../support/code-blocks.js';
import { nextRequest } from '../support/world.js';

vi.setConfig({ testTimeout: 60_000 });

/** A folder outside of the repository with one file, and the packages as they are built. */
function projectWith(file: string, code: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'documents-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'junction');
  writeFileSync(join(folder, file), code);
  return folder;
}

/** The block of a document that has these words in it; there is one. */
function blockWith(document: string, words: string): string {
  const found = readDocument(document).blocks.filter(({ code }) => code.includes(words));
  expect(found).toHaveLength(1);
  return found[0]?.code ?? '';
}

interface Run {
  code: number | null;
  printed: string;
}

function start(folder: string, args: string[], env: Record<string, string> = {}) {
  const { PATH, HOME, TMPDIR, SystemRoot } = process.env;
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: { PATH, HOME, TMPDIR, SystemRoot, ...env },
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
  }
  const ended: Promise<Run> = once(child, 'close').then(([code]) => ({ code, printed }));
  onTestFinished(async () => {
    child.kill();
    await ended;
  });
  return { ended, stop: () => child.kill() };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** Asks until the application listens; fails with what it printed if it ends instead. */
async function listening(browser: TestBrowser, ended: Promise<Run>): Promise<void> {
  const over = ended.then(({ printed }) => {
    throw new Error(`The application ended: ${printed}`);
  });
  over.catch(() => {});
  for (;;) {
    const answered = browser.send('/login').then(
      () => true,
      () => false,
    );
    if (await Promise.race([answered, over])) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('the programs of the documents', () => {
  it('log in, log out and obey the phone, in the application of the README', async () => {
    const port = await freePort();
    const engine = await startEngine({ rateLimit: false });
    onTestFinished(() => engine.close());
    await engine.createUser('alice');
    const { appKey, secretKey, privateKey } = await engine.createApp({
      name: 'Shop',
      callbackUrl: `http://127.0.0.1:${port}/launchkey/callback`,
    });
    const folder = projectWith('app.mjs', blockWith('README.md', 'new LaunchKeyStrategy'));
    writeFileSync(join(folder, 'private.key'), privateKey);
    const { ended } = start(folder, ['app.mjs'], {
      PORT: String(port),
      LAUNCHKEY_API: `${engine.url}/v1`,
      LAUNCHKEY_APP_KEY: appKey,
      LAUNCHKEY_SECRET_KEY: secretKey,
    });
    const browser = new TestBrowser(`http://127.0.0.1:${port}`);
    await listening(browser, ended);

    expect((await browser.send('/')).headers.get('location')).toBe('/login');
    const foreign = { 'sec-fetch-site': 'cross-site' };
    await browser.post('/login', { username: 'alice' }, foreign);
    expect(await engine.requests('alice')).toEqual([]);
    expect(await browser.text('/login')).toMatch(/>[^<]*site[^<]*</);

    const logIn = async (approve: boolean) => {
      const page = (await browser.leadsTo('/login', { username: 'alice' })) ?? '';
      expect(page).toMatch(/^\/launchkey\/wait\?request=/);
      const { number } = await browser.status(page, 0);
      const inGroups = String(number).replace(/^(\d{3})(\d{3})$/, '$1&nbsp;$2');
      expect(await browser.text(page)).toContain(`<strong>${inGroups}</strong>`);
      await engine.answer(await nextRequest(engine), approve, approve ? { number } : {});
      expect((await browser.status(page)).state).toBe(approve ? 'answered' : 'denied');
      return browser.leadsTo('/login', {});
    };
    expect(await logIn(false)).toBe('/login');
    expect(await browser.text('/login')).toContain('The login was denied.');
    expect(await logIn(true)).toBe('/');
    expect(await browser.text('/')).toContain('You are logged in.');

    expect(await browser.leadsTo('/logout')).toBe('/');
    expect((await browser.send('/')).headers.get('location')).toBe('/login');
    expect(await logIn(true)).toBe('/');
    await engine.deorbit('alice');
    await vi.waitUntil(async () => (await browser.send('/')).headers.get('location') === '/login', {
      timeout: 20_000,
      interval: 100,
    });
  });

  it('pass, in the test of the testing page', async () => {
    const folder = projectWith('login.test.mjs', blockWith('docs/testing.md', 'node:test'));
    const { code, printed } = await start(folder, ['--test', 'login.test.mjs']).ended;
    expect(printed).toContain('pass 3');
    expect(printed).toContain('fail 0');
    expect(code).toBe(0);
  });

  it('start and close an engine, in the program of the engine’s README', async () => {
    const folder = projectWith('engine.mjs', blockWith('engine/README.md', 'startEngine'));
    expect(await start(folder, ['engine.mjs']).ended).toEqual({ code: 0, printed: '' });
  });
});
