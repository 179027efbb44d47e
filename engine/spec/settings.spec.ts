import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { programPath } from '../../spec/support/shared.js';
import { CliError } from '../lib/cli/cli-error.js';
import { readSettings } from '../lib/cli/read-settings.js';
import { http } from './support/http.js';

const CLI = await programPath('cli');

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'launchkey-settings-'));
  onTestFinished(async () => await rm(path, { recursive: true }));
  return path;
}

async function file(content: unknown): Promise<string> {
  const path = join(await folder(), 'engine.json');
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

function launch(env: Record<string, string>, ...words: string[]) {
  const child = spawn(process.execPath, [CLI, ...words], {
    env: { ...process.env, ...env },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function run(env: Record<string, string>, ...words: string[]) {
  const child = launch(env, ...words);
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const [code] = await once(child, 'close');
  return { code, stdout, stderr };
}

describe('readSettings', () => {
  it('prefers flags to variables, and variables to the file', async () => {
    const config = await file({
      port: 1,
      host: '10.0.0.1',
      publicUrl: 'https://file.example',
      delivery: { timeout: 5, backoff: [1, 2] },
      rateLimit: false,
    });
    const env = {
      LAUNCHKEY_ENGINE_CONFIG: '/nowhere',
      LAUNCHKEY_ENGINE_PORT: '2',
      LAUNCHKEY_ENGINE_HOST: '10.0.0.2',
      LAUNCHKEY_ENGINE_DELIVERY_TIMEOUT: '6',
      LAUNCHKEY_ENGINE_DATA: '',
    };
    const { options } = await readSettings({ config, port: '3' }, env);
    expect(options).toEqual({
      port: 3,
      host: '10.0.0.2',
      publicUrl: 'https://file.example',
      delivery: { timeout: 6, backoff: [1, 2] },
      rateLimit: false,
    });
  });

  it('reads lists from variables with commas and from repeated flags', async () => {
    const { options } = await readSettings(
      { callbackNetwork: ['10.0.0.0/8', '192.168.0.0/16'] },
      {
        LAUNCHKEY_ENGINE_PUSH_NETWORKS: '10.1.0.0/16, 10.2.0.0/16',
        LAUNCHKEY_ENGINE_DELIVERY_BACKOFF: '10,20',
        LAUNCHKEY_ENGINE_LIMITS_HELD_POLLS: '7',
      },
    );
    expect(options).toEqual({
      callbackNetworks: ['10.0.0.0/8', '192.168.0.0/16'],
      push: { networks: ['10.1.0.0/16', '10.2.0.0/16'] },
      delivery: { backoff: [10, 20] },
      limits: { heldPolls: 7 },
    });
  });

  it.each([
    [{ LAUNCHKEY_ENGINE_PROT: '1' }, /Unknown environment variable LAUNCHKEY_ENGINE_PROT\./],
    // Kubernetes sets this variable for a service named launchkey-engine.
    [
      { LAUNCHKEY_ENGINE_PORT: 'tcp://10.0.0.1:80' },
      /^LAUNCHKEY_ENGINE_PORT must be a whole number/,
    ],
    [{ LAUNCHKEY_ENGINE_DELIVERY_BACKOFF: '1,x' }, /DELIVERY_BACKOFF must be a list of whole num/],
    [{ LAUNCHKEY_ENGINE_LOG_LEVEL: 'loud' }, /^LAUNCHKEY_ENGINE_LOG_LEVEL must be one of info, /],
  ])('refuses the variables %j', async (env, message) => {
    await expect(readSettings({}, env)).rejects.toThrow(message);
    await expect(readSettings({}, env)).rejects.toMatchObject({ exitCode: 2 });
  });

  it.each([
    [{ prot: 1 }, /Unknown setting "prot" in .*\. The settings are port, host,/],
    [{ delivery: { timeuot: 1 } }, /Unknown setting "delivery\.timeuot"/],
    [{ key: 'c2VjcmV0' }, /Unknown setting "key"/],
    [{ port: '80' }, /^port in \S+engine\.json must be a whole number\.$/],
    [{ delivery: 5 }, /^delivery in \S+engine\.json must be a JSON object/],
    [{ callbackNetworks: '10.0.0.0/8' }, /^callbackNetworks in .* must be a list of strings/],
    [[], /^The configuration file \S+ \(--config\) must be a JSON object/],
    ['{\n"port": 80,\n}', /is not valid JSON: see line 3\.$/],
  ])('refuses the file %j', async (content, message) => {
    const config = await file(content);
    await expect(readSettings({ config }, {})).rejects.toThrow(message);
  });

  it('quotes nothing of a file that is not JSON', async () => {
    const config = await file('{ "databaseUrl": "postgres://engine:hunter2@db/engine" hunter2');
    const failed = await readSettings({ config }, {}).catch((error) => error);
    expect(failed).toBeInstanceOf(CliError);
    expect(failed.message).not.toContain('hunter2');
  });
});

describe('launchkey-engine start', () => {
  it.each([
    [{ LAUNCHKEY_ENGINE_REQUEST_TTL: '0' }, [], /LAUNCHKEY_ENGINE_REQUEST_TTL must be a whole num/],
    [{}, ['--tls-cert', 'cert.pem'], /tls\.keyFile \(--tls-key\) must be a non-empty string/],
    [{}, ['--callback-network', 'home'], /--callback-network must be an array of networks/],
  ])('names the variable or flag that it refuses: %j %j', async (env, words, message) => {
    const { code, stdout, stderr } = await run(env, 'start', ...words);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
  });

  it('uses the settings of the file', async () => {
    const path = await folder();
    const config = await file({
      port: 0,
      data: join(path, 'engine.db'),
      keyFile: join(path, 'engine.key'),
      requestTtl: 1000,
    });
    const env = { LAUNCHKEY_ENGINE_SOCKET: join(path, 'engine.sock') };
    const child = launch(env, 'start', '--config', config);
    let output = '';
    for await (const chunk of child.stdout) {
      output += chunk;
      if (output.includes('The data is in')) break;
    }
    expect(output).toContain(`its key file, ${join(path, 'engine.key')}.`);
    const [url = ''] = /http:\S+\d/.exec(output) ?? [];
    expect((await http(`${url}/readyz`)).status).toBe(200);
    expect(await readFile(join(path, 'engine.key'), 'utf8')).toMatch(/^[A-Za-z0-9+/]{43}=\n$/);
  });

  it('lists every variable in its help', async () => {
    const { code, stdout } = await run({}, 'start', '--help');
    expect(code).toBe(0);
    for (const name of ['PORT', 'TLS_CERT_FILE', 'KEY', 'DATABASE_URL', 'PUSH_TIMEOUT', 'CONFIG']) {
      expect(stdout).toContain(`LAUNCHKEY_ENGINE_${name}`);
    }
  });
});
