import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { createPublicKey } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import {
  chown,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { programPath } from '../../spec/support/shared.js';
import { command } from '../lib/cli/control-client.js';
import { serveCommands } from '../lib/cli/control-server.js';
import { defaultSocket } from '../lib/cli/socket-path.js';
import { type AppCredentials, type Engine, startEngine as startInProcess } from '../lib/index.js';
import { Application } from './support/application.js';
import { Device } from './support/device.js';
import { http } from './support/http.js';
import { receiver } from './support/receiver.js';

const CLI = await programPath('cli');

function launch(
  directory: string,
  words: string[],
  { stdout = 'pipe', stderr = 'pipe' }: Record<string, 'pipe' | number> = {},
): ChildProcess {
  const env = { ...process.env, LAUNCHKEY_ENGINE_SOCKET: join(directory, 'run', 'engine.sock') };
  const stdio: StdioOptions = ['pipe', stdout, stderr];
  return spawn(process.execPath, [CLI, ...words], { env, stdio });
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

/** Starts an engine. Resolves with what it prints and a function that stops it. */
async function startEngine(path: string, ...words: string[]) {
  const child = launch(path, ['start', '--port', '0', '--json', ...words]);
  const closed = once(child, 'close');
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal);
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

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

describe('launchkey-engine', () => {
  it('starts with applications and users, runs commands, and ends on SIGTERM with exit code 0', async () => {
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

    await run(path, 'app', 'create', 'Till', '--strict-stamps');
    expect((await run(path, 'app', 'list')).stdout).toMatch(/\tTill\t-\tstrict stamps\n$/);
    const apps = JSON.parse((await run(path, 'app', 'list', '--json')).stdout);
    expect(apps.map((app: { name: string }) => app.name)).toEqual(['Shop', 'Blog', 'Till']);
    const strict = apps.map((app: { strictStamps: boolean }) => app.strictStamps);
    expect(strict).toEqual([false, false, true]);
    expect(JSON.stringify(apps)).not.toContain('PRIVATE');
    expect((await run(path, 'user', 'list')).stdout).toBe(
      'alice\tvirtual device\nbob\tvirtual device\n',
    );
    const twice = await run(path, 'user', 'create', 'bob');
    expect(twice).toEqual({
      code: 1,
      stdout: '',
      stderr: 'launchkey-engine: A user named "bob" exists. Choose another name.\n',
    });
    expect(await stop()).toBe(0);
    await expect(stat(started.socket)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('writes a private key to a new file of mode 0600 and overwrites no file', async () => {
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
      `launchkey-engine: The file ${file} exists and is not overwritten. Choose another path.\n`,
    ]);
    expect(await run(path, 'app', 'list')).toMatchObject({
      stdout: expect.stringMatching(/^\d{10}\tShop\t-\n$/),
    });
  });

  it('prints the audit trail by time and cursor, follows it, and finds deleted users', async () => {
    const path = await directory();
    await startEngine(path, '--user', 'alice');
    const ndjson = async (...words: string[]) => {
      const { stdout } = await run(path, 'audit', '--format', 'ndjson', ...words);
      return stdout
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line));
    };
    const [created] = await ndjson();
    expect(created).toMatchObject({ kind: 'user.created', username: 'alice' });
    expect(await ndjson('--since', '2999-01-01')).toEqual([]);
    expect(await ndjson('--until', '2000-01-01T12:00:00Z')).toEqual([]);
    expect(await run(path, 'audit', '--since', 'yesterday')).toMatchObject({ code: 2 });

    const follower = launch(path, ['audit', '--follow', '--format', 'ndjson', '--after', '0']);
    onTestFinished(() => void follower.kill());
    const lines = createInterface({ input: follower.stdout as Readable });
    const next = async () => JSON.parse((await once(lines, 'line'))[0]);
    const first = next();
    expect((await first).cursor).toBe(created.cursor);
    const second = next();
    await run(path, 'user', 'delete', 'alice', '--yes');
    expect(await second).toMatchObject({ kind: 'user.deleted', userId: created.userId });

    const trail = await ndjson('--user', 'alice', '--after', created.cursor);
    expect(trail.map(({ kind }) => kind)).toEqual(['user.deleted']);
    expect(await run(path, 'audit', '--user', 'bob')).toMatchObject({ code: 1 });
  });

  it('prints the state of the engine, a receipt, and all that is kept about a user', async () => {
    const path = await directory();
    const { started } = await startEngine(path, '--app', 'Shop', '--user', 'alice');
    const application = new Application(started.url, started.apps[0]);
    const { code } = JSON.parse((await run(path, 'device', 'pair', 'alice', '--json')).stdout);
    const phone = await Device.paired(started.url, code);
    const authRequest = await application.authorize('alice');
    await phone.answer(true);
    expect((await run(path, 'status')).stdout).toMatch(/^ready +yes$/m);
    expect(JSON.parse((await run(path, 'status', '--json')).stdout)).toMatchObject({
      data: 'memory',
      ready: true,
      nodes: [{ pid: expect.any(Number), url: started.url, alive: true, self: true }],
      backlog: { events: 0, pendingRequests: 0 },
      faults: [],
    });
    expect((await run(path, 'receipt', authRequest)).stdout).toMatch(/^answer +approved/m);
    expect(await run(path, 'receipt', 'unknown')).toMatchObject({ code: 1, stdout: '' });
    const kept = JSON.parse((await run(path, 'user', 'export', 'alice')).stdout);
    expect(kept).toMatchObject({
      user: { username: 'alice' },
      devices: [{ id: phone.id }],
      sessions: [{ authRequest }],
      receipts: [{ authRequest, approved: true }],
    });
    expect(kept.audit.map(({ kind }: { kind: string }) => kind)).toContain('device.paired');
  });

  it('pairs, lists and unpairs a phone, and records it in the audit trail', async () => {
    const path = await directory();
    const { started } = await startEngine(path, '--app', 'Shop');
    const application = new Application(started.url, started.apps[0]);
    expect((await run(path, 'user', 'create', 'bob', '--no-device')).stdout).toBe(
      'user bob created, with no device\n',
    );
    const pairing = JSON.parse((await run(path, 'device', 'pair', 'bob', '--json')).stdout);
    const phone = await Device.paired(started.url, pairing.code);
    const listed = await run(path, 'device', 'list', 'bob');
    expect(listed.stdout).toMatch(new RegExp(`^${phone.id}\t.*\tseen \\d{4}-.* UTC\n$`));
    expect(await application.authorize('bob')).toMatch(/^[a-z0-9]{32}$/);

    expect(await run(path, 'device', 'unpair', 'bob', phone.id)).toMatchObject({ code: 0 });
    expect(await run(path, 'device', 'list', 'bob')).toMatchObject({ code: 0, stdout: '' });
    expect((await phone.state()).status).toBe(401);
    // The message is for operators: it names no method of the program API.
    expect(await run(path, 'device', 'unpair', 'bob', phone.id)).toMatchObject({
      code: 1,
      stderr: 'launchkey-engine: The user has no such device.\n',
    });

    const trail = JSON.parse((await run(path, 'audit', '--user', 'bob', '--json')).stdout);
    const kinds = trail.map(({ kind }: { kind: string }) => kind);
    expect(kinds.indexOf('device.unpaired')).toBeGreaterThanOrEqual(0);
    expect(kinds.indexOf('device.paired')).toBeGreaterThan(kinds.indexOf('device.unpaired'));
    expect(await run(path, 'audit', '--limit', 'all')).toMatchObject({ code: 2 });
  });

  it('prints a pairing code, a link and its QR code', async () => {
    const path = await directory();
    await startEngine(path, '--user', 'alice');
    const { stdout } = await run(path, 'device', 'pair', 'alice');
    expect(stdout).toMatch(/http:\/\/127\.0\.0\.1:\d+\/authenticator#pair=\S+/);
    expect(stdout).toMatch(/type the code there: \S{10,}/);
    expect(stdout).toMatch(/[█▀▄]{10}/);
  });

  it('disables and enables an application, and rotates the ping key', async () => {
    const path = await directory();
    const { started } = await startEngine(path, '--app', 'Shop', '--user', 'alice');
    const application = new Application(started.url, started.apps[0]);
    const { appKey } = started.apps[0];
    expect(await run(path, 'app', 'disable', appKey)).toMatchObject({ code: 0 });
    await expect(application.authorize('alice')).rejects.toThrow();
    expect(await run(path, 'app', 'enable', appKey)).toMatchObject({ code: 0 });

    const before = (await http(`${started.url}/v1/ping`)).body;
    expect(await run(path, 'key', 'rotate')).toMatchObject({ code: 0 });
    const after = (await http(`${started.url}/v1/ping`)).body;
    expect(after.key).not.toBe(before.key);
  });

  it('generates a new RSA pair of 2048 bits for each application and each ping key', async () => {
    const path = await directory();
    const { started } = await startEngine(path, '--app', 'Shop', '--app', 'Blog');
    const [shop, blog]: AppCredentials[] = started.apps;
    const renewed = JSON.parse(
      (await run(path, 'app', 'rotate', started.apps[0].appKey, '--json')).stdout,
    );
    const pingKey = async () => (await http(`${started.url}/v1/ping`)).body.key;
    const pingKeys = [await pingKey()];
    await run(path, 'key', 'rotate');
    pingKeys.push(await pingKey());

    const own = [shop, blog, renewed].map(({ privateKey }) => createPublicKey(privateKey));
    const keys = [...own, ...pingKeys.map((key) => createPublicKey(key.replaceAll('\n\n', '\n')))];
    for (const { asymmetricKeyType, asymmetricKeyDetails } of keys) {
      expect(asymmetricKeyType).toBe('rsa');
      expect(asymmetricKeyDetails).toEqual({ modulusLength: 2048, publicExponent: 65537n });
    }
    expect(new Set(keys.map((key) => key.export({ type: 'spki', format: 'pem' }))).size).toBe(5);
  });

  it('rotates the credentials of an application and says how long the old ones are valid', async () => {
    const path = await directory();
    const { started } = await startEngine(path, '--app', 'Shop', '--user', 'alice');
    const [shop] = started.apps;
    const rotate = (...words: string[]) => run(path, 'app', 'rotate', shop.appKey, ...words);
    const file = join(path, 'private.key');

    const both = await rotate('--private-key', file, '--json');
    const made = JSON.parse(both.stdout);
    expect(both.stdout).not.toContain('PRIVATE');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    await expect(new Application(started.url, shop).authorize('alice')).rejects.toThrow('40428');
    const renewed = { ...shop, ...made, privateKey: await readFile(file, 'utf8') };
    expect(await new Application(started.url, renewed).authorize('alice')).toMatch(/^\w{32}$/);

    const secret = await rotate('--only', 'secret-key', '--grace', '60');
    expect(secret.stdout).toMatch(
      /^app key {6}\d{10}\nsecret key {3}\w{32}\nThe credentials before are valid until/,
    );
    // The credentials of both rotations are valid. A poll, because the rate limit refuses a second request.
    const report = await new Application(started.url, renewed).poll('x');
    expect(report.body.message_code).toBe(70402);
    expect((await rotate('--only', 'private-key')).stdout).toMatch(/-----BEGIN RSA PRIVATE KEY/);

    const unknown = await run(path, 'app', 'rotate', '1');
    expect([unknown.code, unknown.stderr]).toEqual([
      1,
      'launchkey-engine: There is no application with the app key "1".\n',
    ]);
  }, 60_000);

  it('ends the sessions of a user with one application or with all', async () => {
    const path = await directory();
    const { started } = await startEngine(
      path,
      '--user',
      'alice',
      '--app',
      'Shop',
      '--app',
      'Blog',
    );
    const [shop, blog] = started.apps.map(
      (app: AppCredentials) => new Application(started.url, app),
    );
    const pairing = JSON.parse((await run(path, 'device', 'pair', 'alice', '--json')).stdout);
    const phone = await Device.paired(started.url, pairing.code);
    const tokens: string[] = [];
    for (const app of [shop, blog]) {
      tokens.push(await app.authorize('alice'));
      expect((await phone.answer(true)).status).toBe(200);
    }
    const codes = async () => [
      (await shop.poll(tokens[0])).body.message_code,
      (await blog.poll(tokens[1])).body.message_code,
    ];

    const { appKey } = shop.credentials;
    const one = await run(path, 'user', 'deorbit', 'alice', '--app', appKey, '--json');
    expect([one.code, JSON.parse(one.stdout)]).toEqual([0, { username: 'alice', ended: 1 }]);
    expect(await codes()).toEqual([70404, undefined]);
    expect(await run(path, 'user', 'deorbit', 'alice')).toMatchObject({
      code: 0,
      stdout: '2 sessions of alice ended\n',
    });
    expect(await codes()).toEqual([70404, 70404]);

    const trail = JSON.parse((await run(path, 'audit', '--user', 'alice', '--json')).stdout);
    expect(trail[0]).toMatchObject({ kind: 'sessions.ended', details: { by: 'operator' } });
    expect(await run(path, 'user', 'deorbit', 'alice', '--app', '1')).toMatchObject({
      code: 1,
      stderr: 'launchkey-engine: There is no application with the app key "1".\n',
    });
    expect(await run(path, 'user', 'deorbit', 'unknown')).toMatchObject({ code: 1, stdout: '' });
  }, 60_000);

  it('deletes applications and users only with --yes', async () => {
    const path = await directory();
    const { started } = await startEngine(path, '--app', 'Shop', '--user', 'alice');
    const { appKey } = started.apps[0];
    for (const words of [
      ['app', 'delete', appKey],
      ['user', 'delete', 'alice'],
    ]) {
      const refused = await run(path, ...words);
      expect([refused.code, refused.stdout]).toEqual([2, '']);
      expect(refused.stderr).toMatch(/permanently deletes .*\. Add --yes to confirm\.\n$/);
    }
    expect((await run(path, 'user', 'list')).stdout).toBe('alice\tvirtual device\n');
    expect(await run(path, 'user', 'delete', 'alice', '--yes', '--json')).toMatchObject({
      code: 0,
      stdout: '{\n  "username": "alice",\n  "deleted": true\n}\n',
    });
    expect(await run(path, 'app', 'delete', appKey, '--yes')).toMatchObject({
      code: 0,
      stdout: `application ${appKey} deleted\n`,
    });
    expect(await run(path, 'user', 'list')).toMatchObject({ code: 0, stdout: '' });
    expect(await run(path, 'app', 'list')).toMatchObject({ code: 0, stdout: '' });
    expect(await run(path, 'user', 'delete', 'alice', '--yes')).toMatchObject({ code: 1 });
    const { stdout } = await run(path, 'audit');
    expect(stdout).toMatch(/\tapp\.deleted\t-\t\d{10}\t-\t\{"name":"Shop"\}\n/);
    expect(stdout).toMatch(/\tuser\.deleted\t[A-Za-z0-9]{20}\t-\t-\t\{"username":"alice"\}\n/);
  }, 60_000);

  it('leaves no private key file when the application was not created', async () => {
    const path = await directory();
    const file = join(path, 'private.key');
    const create = () => run(path, 'app', 'create', 'Shop', '--private-key', file);
    expect((await create()).stderr).toMatch(/No engine is running/);
    await startEngine(path);
    expect(await create()).toMatchObject({ code: 0, stderr: '' });
    expect(await readFile(file, 'utf8')).toMatch(/^-----BEGIN RSA PRIVATE KEY-----/);
  });

  it('ends on SIGINT while a client holds a connection to its socket', async () => {
    const path = await directory();
    const { started, stop } = await startEngine(path);
    const silent = connect(started.socket);
    // The engine may reset the connection instead of closing it.
    silent.on('error', () => {});
    onTestFinished(() => void silent.destroy());
    await once(silent, 'connect');
    expect(await stop('SIGINT')).toBe(0);
  });

  it('ends with exit code 0 when the signal comes twice', async () => {
    const path = await directory();
    const { started, stop } = await startEngine(path);
    const client = connect(started.socket);
    client.on('error', () => {});
    await once(client, 'connect');
    // Half a request keeps the engine closing until it ends.
    const { hostname, port } = new URL(started.url);
    const halfSent = connect(Number(port), hostname);
    halfSent.on('error', () => {});
    halfSent.write('GET /healthz HTTP/1.1\r\n');
    const closed = once(client, 'close');
    const ended = stop('SIGINT');
    // The engine closes the connection to its socket when it receives the first signal.
    await closed;
    void stop('SIGINT');
    halfSent.destroy();
    expect(await ended).toBe(0);
  });

  it.runIf(existsSync('/dev/full'))('fails when its output cannot be written', async () => {
    const path = await directory();
    await startEngine(path);
    const full = await open('/dev/full', 'w');
    onTestFinished(async () => await full.close());
    const child = launch(path, ['app', 'create', 'Shop'], { stdout: full.fd });
    const [[code], stderr] = await Promise.all([
      once(child, 'close'),
      text(child.stderr as Readable),
    ]);
    expect([code, stderr]).toEqual([
      1,
      'launchkey-engine: Cannot write to standard output: ENOSPC.\n',
    ]);
  });

  it.runIf(existsSync('/dev/full'))(
    'keeps serving and ends in order when its log cannot be written',
    async () => {
      const path = await directory();
      const full = await open('/dev/full', 'w');
      onTestFinished(async () => await full.close());
      const { url, count } = await receiver([500]);
      const words = ['--app', `Shop=${url}`, '--user', 'alice'];
      vi.stubEnv('LAUNCHKEY_ENGINE_DELIVERY_BACKOFF', '10');
      const child = launch(path, ['start', '--port', '0', '--json', ...words], { stderr: full.fd });
      onTestFinished(() => void child.kill('SIGKILL'));
      const closed = once(child, 'close');
      let stdout = '';
      for await (const chunk of child.stdout ?? []) {
        stdout += chunk;
        if (stdout.endsWith('\n}\n')) break;
      }
      const started = JSON.parse(stdout);
      const authRequest = await new Application(started.url, started.apps[0]).authorize('alice');
      await http(`${started.url}/authenticator/virtual/answer`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: started.url },
        body: JSON.stringify({ user: 'alice', authRequest, approve: true }),
      });
      // The failure of the first event is logged before the second is sent.
      await count(2);
      expect((await http(`${started.url}/healthz`)).status).toBe(200);
      child.kill();
      expect((await closed)[0]).toBe(0);
    },
  );

  it.each([
    ['127.0.0.1', /^The authenticator is at http:\/\/127\.0\.0\.1:\d+\/authenticator/m],
    ['0.0.0.0', /^The authenticator is at http:\/\/0\.0\.0\.0:\d+\/authenticator/m],
  ])('prints the address of the authenticator when bound to %s', async (host, said) => {
    const child = launch(await directory(), ['start', '--port', '0', '--host', host]);
    const closed = once(child, 'close');
    let stdout = '';
    for await (const chunk of child.stdout ?? []) {
      stdout += chunk;
      if (/^The data is in memory/m.test(stdout)) break;
    }
    child.kill();
    await closed;
    expect(stdout).toMatch(said);
  });

  it('says that no engine is running, or that one runs already', async () => {
    const path = await directory();
    const none = await run(path, 'app', 'list');
    expect([none.code, none.stdout]).toEqual([1, '']);
    expect(none.stderr).toMatch(/^launchkey-engine: No engine is running at /);
    await startEngine(path);
    const second = await run(path, 'start', '--port', '0');
    expect(second.code).toBe(1);
    expect(second.stderr).toMatch(/Another engine listens for commands at /);
  });

  it('replaces the socket of a killed engine, but no other file', async () => {
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

  it('fails the probes of a proxy on SIGTERM before it ends', async () => {
    const { started, stop } = await startEngine(await directory());
    const probe = async () => (await http(`${started.url}/readyz`)).status;
    expect([await probe(), await probe()]).toEqual([200, 200]);
    const stopped = stop();
    await expect.poll(probe).toBe(503);
    expect([await probe(), await probe()]).toEqual([503, 503]);
    expect(await stopped).toBe(0);
  });

  it('names the version of Node.js that it needs to an older one', async () => {
    const old = `data:text/javascript,Object.defineProperty(process, 'versions', { value: { node: '20.18.3' } })`;
    const child = spawn(process.execPath, ['--import', old, CLI, '--version']);
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
    expect([code, stderr]).toEqual([
      1,
      'launchkey-engine: Node.js 20.18.3 is too old. Version 20.19 or later is required: install it from https://nodejs.org.\n',
    ]);
    expect((await run(await directory(), '--version')).code).toBe(0);
  });

  it.runIf(process.platform === 'linux')(
    'answers, and reports it, when clients open more connections than it has files for',
    async () => {
      const path = await directory();
      const script = 'ulimit -n 128; exec "$0" "$@"';
      const words = ['start', '--port', '0', '--socket', join(path, 'engine.sock'), '--json'];
      const child = spawn('bash', ['-c', script, process.execPath, CLI, ...words]);
      onTestFinished(() => void child.kill('SIGKILL'));
      let log = '';
      child.stderr.on('data', (chunk) => {
        log += chunk;
      });
      let printed = '';
      for await (const chunk of child.stdout) {
        printed += chunk;
        if (printed.endsWith('\n}\n')) break;
      }
      const { url } = JSON.parse(printed);
      const clients = Array.from({ length: 300 }, () => connect(Number(new URL(url).port)));
      for (const client of clients) client.on('error', () => {});
      onTestFinished(() => {
        for (const client of clients) client.destroy();
      });
      await expect.poll(() => log).toContain('too many connections');
      for (let time = 0; time < 5; time += 1) {
        expect((await http(`${url}/healthz`)).status).toBe(200);
      }
    },
  );

  it('leaves no empty key if the disk is full at the first start', async () => {
    const path = await directory();
    const words = ['start', '--port', '0', '--data', join(path, 'engine.db')];
    // No file may grow, as on a full disk. The signal that the system sends then is ignored.
    const script = 'trap "" XFSZ; ulimit -f 0; exec "$0" "$@"';
    const child = spawn('bash', ['-c', script, process.execPath, CLI, ...words]);
    const [stderr] = await Promise.all([text(child.stderr), once(child, 'close')]);
    expect(stderr).toMatch(/The key file .*engine\.db\.key cannot be used: EFBIG\./);
    expect(existsSync(join(path, 'engine.db.key'))).toBe(false);
    await startEngine(path, '--data', join(path, 'engine.db'));
  });

  it('has all data again after it was killed', async () => {
    const path = await directory();
    vi.stubEnv('LAUNCHKEY_ENGINE_KEY', Buffer.alloc(32, 1).toString('base64'));
    const words = [
      '--data',
      join(path, 'engine.db'),
      '--virtual-devices',
      '--app',
      'Shop',
      '--user',
      'alice',
    ];
    const first = await startEngine(path, ...words);
    await run(path, 'user', 'create', 'bob');
    const [shop] = first.started.apps;
    const waiting = await new Application(first.started.url, shop).authorize('alice');
    expect(await first.stop('SIGKILL')).toBe(null);

    const { started } = await startEngine(path, ...words);
    expect(started.apps).toEqual([]);
    const again = new Application(started.url, shop);
    expect((await again.poll(waiting)).body).toMatchObject({ message_code: 70403 });
    expect(await again.authorize('bob')).toMatch(/^[a-z0-9]{32}$/);
    const ready = await http(`${started.url}/readyz`);
    expect([ready.status, ready.text]).toEqual([200, 'ok\n']);
  }, 60_000);

  it.each([
    [['start', '--port', 'http'], /--port must be a whole number/],
    [['start', '--port', '65536'], /--port must be a whole number from 0 to 65535/],
    [['start', '--nonsense'], /unknown option/],
    [['start', '--user', 'a', '--user', 'a'], /--user names "a" twice/],
    [['start', '--user', 'a@b'], /--user "a@b" must have 1 to 200 characters/],
    [['start', '--app', 'A', '--app', 'A=http://a.example'], /--app names "A" twice/],
    [['start', '--app', 'A', '--app', 'B=b'], /--app "B": callbackUrl must be/],
    [['fly'], /unknown command/],
    [['app', 'create'], /missing required argument/],
    [
      ['app', 'rotate', '1', '--grace', '10081'],
      /--grace must be a number of minutes from 0 to 10080/,
    ],
    [
      ['app', 'rotate', '1', '--only', 'secret-key', '--private-key', 'file'],
      /--private-key needs a new private key/,
    ],
  ])('refuses the command line %j with exit code 2', async (words, message) => {
    const { code, stdout, stderr } = await run(await directory(), ...words);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
  });
});

it.each([['--version'], ['-V']])('prints the version of the package with %s', async (flag) => {
  const manifest = await readFile(new URL('../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(manifest);
  const { code, stdout } = await run(await directory(), flag);
  expect([code, stdout]).toEqual([0, `${version}\n`]);
});

describe('the socket for commands', () => {
  /** Makes the paths belong to another user, also when the tests run as root. */
  async function giveAway(...paths: string[]): Promise<void> {
    const self = process.getuid?.();
    if (self === 0) await Promise.all(paths.map((path) => chown(path, 65_534, 65_534)));
    else vi.spyOn(process, 'getuid').mockReturnValue((self ?? 0) + 1);
  }

  /** A server of another user at the path of the engine's socket. */
  async function impostor(path: string): Promise<{ asked: boolean }> {
    const seen = { asked: false };
    const server = createServer((socket) => {
      seen.asked = true;
      socket.destroy();
    });
    server.listen(path);
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    return seen;
  }

  it.runIf(process.getuid)('is refused in a directory of another user', async () => {
    const path = join(await directory(), 'run');
    await mkdir(path);
    const socket = join(path, 'engine.sock');
    const seen = await impostor(socket);
    await giveAway(path);
    const fault = /run belongs to another user\. Choose another --socket/;
    await expect(command(socket, 'users')).rejects.toThrow(fault);
    await expect(serveCommands({} as Engine, socket)).rejects.toThrow(fault);
    expect(seen.asked).toBe(false);
  });

  it.runIf(process.getuid)('is refused when it belongs to another user', async () => {
    const path = await directory();
    const socket = join(path, 'engine.sock');
    const seen = await impostor(socket);
    await giveAway(socket);
    await expect(command(socket, 'users')).rejects.toThrow(/belongs to another user/);
    expect(seen.asked).toBe(false);
  });

  it('is refused when its path is longer than the system allows', async () => {
    const folder = await directory();
    const path = join(folder, 'x'.repeat(108));
    const fault = /has \d+ bytes\. The maximum is 10[37]: choose a shorter --socket/;
    await expect(serveCommands({} as Engine, path)).rejects.toThrow(fault);
    await expect(command(path, 'users')).rejects.toThrow(fault);
    expect(await readdir(folder)).toEqual([]);
  });

  it('is refused with a clear error when it cannot be created', async () => {
    const file = join(await directory(), 'file');
    await writeFile(file, '');
    await expect(serveCommands({} as Engine, join(file, 'engine.sock'))).rejects.toThrow(
      /^Cannot listen for commands at .*engine\.sock: (EEXIST|ENOTDIR)\. Choose another --socket\.$/,
    );
  });

  it('is not taken from an engine that does not answer', async () => {
    const socket = join(await directory(), 'engine.sock');
    const stuck = createServer((connection) => {
      onTestFinished(() => void connection.destroy());
    }).listen(socket);
    onTestFinished(() => void stuck.close());
    await once(stuck, 'listening');
    await expect(serveCommands({} as Engine, socket)).rejects.toThrow(/Another engine listens/);
  });

  it('finishes a running command before it closes', async () => {
    const socket = join(await directory(), 'engine.sock');
    const engine = await startInProcess();
    onTestFinished(async () => await engine.close());
    const commands = await serveCommands(engine, socket);
    const createApp = vi.spyOn(engine, 'createApp');
    const made = command(socket, 'createApp', { name: 'Shop' });
    await vi.waitFor(() => expect(createApp).toHaveBeenCalled());
    await commands.close();
    const { appKey } = await made;
    expect(await engine.apps()).toMatchObject([{ appKey }]);
    await expect(command(socket, 'apps')).rejects.toThrow(/No engine is running/);
  });

  it('is an absolute path when XDG_RUNTIME_DIR is empty', () => {
    vi.stubEnv('LAUNCHKEY_ENGINE_SOCKET', undefined);
    vi.stubEnv('XDG_RUNTIME_DIR', '');
    expect(defaultSocket()).toMatch(/^\/.*\/launchkey-engine-\d+\/launchkey-engine\.sock$/);
  });
});
