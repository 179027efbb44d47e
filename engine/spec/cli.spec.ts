import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Application } from './support/application.js';

// Loaded into the process itself: the tsx command would start another one, and outlive its killing.
const TSX = new URL('../../node_modules/tsx/dist/loader.mjs', import.meta.url).href;
const CLI = fileURLToPath(new URL('../lib/cli.ts', import.meta.url));

function launch(directory: string, words: string[]): ChildProcess {
  const env = { ...process.env, LAUNCHKEY_ENGINE_SOCKET: join(directory, 'run', 'engine.sock') };
  return spawn(process.execPath, ['--import', TSX, CLI, ...words], { env });
}

async function run(directory: string, ...words: string[]) {
  const child = launch(directory, words);
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  const [code] = await once(child, 'close');
  return { code, stdout, stderr };
}

async function directory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'engine-cli-'));
  onTestFinished(async () => await rm(path, { recursive: true }));
  return path;
}

/** Starts an engine and resolves with what it prints, and with how to stop it. */
async function startEngine(path: string, ...words: string[]) {
  const child = launch(path, ['start', '--port', '0', '--json', ...words]);
  const closed = once(child, 'close');
  const stop = async () => {
    child.kill('SIGTERM');
    return (await closed)[0];
  };
  onTestFinished(async () => void (await stop()));
  let stdout = '';
  for await (const chunk of child.stdout ?? []) {
    stdout += chunk;
    if (stdout.endsWith('\n}\n')) break;
  }
  return { started: JSON.parse(stdout), stop };
}

describe('launchkey-engine', () => {
  it('starts with applications and users, takes commands, and ends on SIGTERM with 0', async () => {
    const path = await directory();
    const callback = 'http://127.0.0.1:9/cb?a=b';
    const { started, stop } = await startEngine(
      path,
      '--app',
      `Shop=${callback}`,
      '--user',
      'alice',
    );
    expect(started.apps).toMatchObject([{ name: 'Shop', callbackUrl: callback }]);
    const application = new Application(started.url, started.apps[0]);
    expect(await application.authorize('alice')).toMatch(/^[a-z0-9]{32}$/);
    expect((await stat(started.socket)).mode & 0o777).toBe(0o600);
    expect((await stat(join(path, 'run'))).mode & 0o777).toBe(0o700);

    const made = await run(path, 'app', 'create', 'Blog', '--json');
    expect(made.code).toBe(0);
    const blog = new Application(started.url, JSON.parse(made.stdout));
    expect((await run(path, 'user', 'create', 'bob')).stdout).toBe(
      'user bob created, with a virtual device\n',
    );
    expect(await blog.authorize('bob')).toMatch(/^[a-z0-9]{32}$/);

    const apps = JSON.parse((await run(path, 'app', 'list', '--json')).stdout);
    expect(apps.map((app: { name: string }) => app.name)).toEqual(['Shop', 'Blog']);
    expect(JSON.stringify(apps)).not.toContain('PRIVATE');
    expect((await run(path, 'user', 'list')).stdout).toBe(
      'alice\tvirtual device\nbob\tvirtual device\n',
    );
    const twice = await run(path, 'user', 'create', 'bob');
    expect(twice).toEqual({
      code: 1,
      stdout: '',
      stderr: 'launchkey-engine: There is a user called "bob" already.\n',
    });
    expect(await stop()).toBe(0);
    await expect(stat(started.socket)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('writes a private key to a file of mode 0600, and overwrites none', async () => {
    const path = await directory();
    await startEngine(path);
    const file = join(path, 'private.key');
    const { stdout } = await run(path, 'app', 'create', 'Shop', '--private-key', file, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ name: 'Shop', privateKeyFile: file });
    expect(stdout).not.toContain('PRIVATE');
    expect(await readFile(file, 'utf8')).toMatch(/^-----BEGIN RSA PRIVATE KEY-----/);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const again = await run(path, 'app', 'create', 'Shop', '--private-key', file);
    expect([again.code, again.stderr]).toEqual([
      1,
      `launchkey-engine: Cannot make the file ${file}: EEXIST.\n`,
    ]);
    expect(await run(path, 'app', 'list')).toMatchObject({
      stdout: expect.stringMatching(/^\d{10}\tShop\t-\n$/),
    });
  });

  it('says that no engine is running, and that one is running already', async () => {
    const path = await directory();
    const nobody = await run(path, 'app', 'list');
    expect([nobody.code, nobody.stdout]).toEqual([1, '']);
    expect(nobody.stderr).toMatch(/^launchkey-engine: There is no running engine at /);
    await startEngine(path);
    const second = await run(path, 'start', '--port', '0');
    expect(second.code).toBe(1);
    expect(second.stderr).toMatch(/Another engine listens for commands at /);
  });

  it('takes the place of an engine that was killed, but of no other file', async () => {
    const path = await directory();
    const child = launch(path, ['start', '--port', '0']);
    await once(child.stdout ?? child, 'data');
    child.kill('SIGKILL');
    await once(child, 'close');
    const { started } = await startEngine(path);
    expect(started.url).toMatch(/^http:/);
    const file = join(path, 'precious');
    await writeFile(file, 'x');
    const refused = await run(path, 'start', '--port', '0', '--socket', file);
    expect([refused.code, await readFile(file, 'utf8')]).toEqual([1, 'x']);
  });

  it.each([
    [['start', '--port', 'http'], /--port must be a number/],
    [['start', '--nonsense'], /unknown option/],
    [['fly'], /unknown command/],
    [['app', 'create'], /missing required argument/],
  ])('%j ends with 2', async (words, message) => {
    const { code, stdout, stderr } = await run(await directory(), ...words);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
  });
});
