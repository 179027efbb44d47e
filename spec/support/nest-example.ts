import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { TestBrowser } from './browser.js';
import { startExampleWorld } from './example.js';
import { nextRequest } from './world.js';

const SERVER = fileURLToPath(new URL('../package/fixtures/serve-nest.mjs', import.meta.url));

/** Where the example is, and how it is run there. */
interface Place {
  folder: string;
  /** Arguments of Node.js, in front of the program. */
  nodeArguments?: string[];
  /** The module of `createApp`, from the folder. */
  app: string;
}

/** Starts the example in a process of its own: strategies of NestJS share one Passport in each. */
async function serve({ folder, nodeArguments = [], app }: Place, settings: object) {
  const server = spawn(process.execPath, [...nodeArguments, SERVER, app], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, SETTINGS: JSON.stringify(settings) },
  });
  const ended = once(server, 'exit');
  onTestFinished(async () => {
    server.kill('SIGKILL');
    await ended;
  });
  for await (const line of createInterface({ input: server.stdout })) {
    if (line.startsWith('http://')) return line;
  }
  throw new Error('The example ended before it listened; see its errors above.');
}

/** What the NestJS example must do, on whatever version of NestJS it is in that place. */
export function nestExampleCases(place: () => Place): void {
  async function startWith() {
    const world = await startExampleWorld();
    const settings = { sessionSecret: 'of the test', launchkey: world.launchkey };
    const url = await serve(place(), settings);
    world.callbacksTo(url);
    const answer = async (approve: boolean, user = 'alice') =>
      world.engine.answer(await nextRequest(world.engine, user), approve);
    const logIn = async (browser: TestBrowser, username = 'alice') => {
      expect((await browser.post('/login', { username })).status).toBe(202);
      const finish = browser.post('/login');
      await answer(true, username);
      expect(await (await finish).json()).toMatchObject({ user: { name: username } });
    };
    return { ...world, url, answer, logIn };
  }

  it('answers 202 with the strategy’s info, then logs in, and logs out', async () => {
    const { engine, url, answer } = await startWith();
    const alice = new TestBrowser(url);
    expect(await alice.text('/')).toContain('NestJS example');
    expect((await alice.send('/me')).status).toBe(401);
    const begun = await alice.post('/login', { username: 'alice' });
    expect(begun.status).toBe(202);
    const info = (await begun.json()) as { request: string };
    expect(info).toEqual({
      code: 'pending',
      status: 202,
      message: expect.any(String),
      request: expect.any(String),
      expiresAt: expect.any(String),
    });
    expect((await alice.send('/me')).status).toBe(401);
    const finish = alice.post('/login', { request: info.request });
    await answer(true);
    const finished = await finish;
    expect([finished.status, await finished.json()]).toMatchObject([
      200,
      { user: { name: 'alice' } },
    ]);
    expect(await (await alice.send('/me')).json()).toMatchObject({ user: { name: 'alice' } });
    const again = await alice.post('/login', { request: info.request });
    expect([again.status, await again.json()]).toMatchObject([401, { code: 'finished' }]);
    expect(await engine.sessions('alice')).toHaveLength(1);
    expect((await alice.post('/logout')).status).toBe(204);
    expect(await engine.sessions('alice')).toHaveLength(0);
    expect((await alice.send('/me')).status).toBe(401);
  });

  it('reports a denial, and asks for a missing user name', async () => {
    const { url, answer } = await startWith();
    const alice = new TestBrowser(url);
    const nameless = await alice.post('/login');
    expect([nameless.status, await nameless.json()]).toMatchObject([
      400,
      { code: 'missing_username' },
    ]);
    await alice.post('/login', { username: 'alice' });
    const finish = alice.post('/login');
    await answer(false);
    const denied = await finish;
    expect([denied.status, await denied.json()]).toMatchObject([401, { code: 'denied' }]);
    expect((await alice.send('/me')).status).toBe(401);
  });

  it('lets in the browser that asked, and not another that knows the handle', async () => {
    const { url, answer } = await startWith();
    const [alice, mallory] = [new TestBrowser(url), new TestBrowser(url)];
    const begun = await alice.post('/login', { username: 'alice' });
    const { request } = (await begun.json()) as { request: string };
    await mallory.post('/login', { username: 'bob' });
    await answer(true);
    expect((await mallory.post('/login', { request })).status).toBe(400);
    expect((await mallory.send('/me')).status).toBe(401);
    expect((await alice.post('/login', { request })).status).toBe(200);
  });

  it('ends the logins of that user, and no other’s, once they were ended on the phone', async () => {
    const { url, logIn, endOnPhone } = await startWith();
    const [first, second, bob] = [0, 1, 2].map(() => new TestBrowser(url)) as [
      TestBrowser,
      TestBrowser,
      TestBrowser,
    ];
    await logIn(first);
    await logIn(second);
    await logIn(bob, 'bob');
    expect(await endOnPhone('alice')).toBe(200);
    for (const browser of [first, second]) expect((await browser.send('/me')).status).toBe(401);
    expect((await bob.send('/me')).status).toBe(200);
  });

  it('takes no form from another site', async () => {
    const { engine, url } = await startWith();
    const alice = new TestBrowser(url);
    for (const [name, value] of [
      ['origin', 'https://evil.example'],
      ['sec-fetch-site', 'cross-site'],
    ] as const) {
      const response = await alice.post('/login', { username: 'alice' }, { [name]: value });
      expect(response.status).toBe(403);
    }
    expect(await engine.requests('alice')).toEqual([]);
  });

  it('answers 429 with Retry-After where the user is asked too often', async () => {
    const { url } = await startWith();
    // A browser that starts again takes its earlier login back, so each browser starts once.
    const start = () => new TestBrowser(url).post('/login', { username: 'alice' });
    let response = await start();
    for (let i = 0; i < 20 && response.status === 202; i++) response = await start();
    expect([response.status, await response.json()]).toMatchObject([429, { code: 'rate_limited' }]);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('answers 503, and nothing about the engine, while that is away', async () => {
    const { engine, url } = await startWith();
    await engine.close();
    const response = await new TestBrowser(url).post('/login', { username: 'alice' });
    expect(response.status).toBe(503);
    expect(await response.text()).not.toMatch(/127\.0\.0\.1|ECONN/);
  });
}
