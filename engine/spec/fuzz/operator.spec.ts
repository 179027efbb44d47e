import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { RUNS, textLike } from '../../../spec/support/fuzz.js';
import { CliError } from '../../lib/cli/cli-error.js';
import { serveCommands } from '../../lib/cli/control-server.js';
import { readSettings } from '../../lib/cli/read-settings.js';
import { share } from '../support/engine.js';
import { http } from '../support/http.js';

const TIMEOUT = 30_000 + RUNS * 20;
const PASSWORD = 'a-password-that-must-not-come-back';

const folder = mkdtempSync(join(tmpdir(), 'launchkey-fuzz-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('random input of an operator', { timeout: TIMEOUT }, () => {
  it('is a configuration file that is read, or refused without quoting it', async () => {
    const file = join(folder, 'engine.json');
    const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constant(PASSWORD));
    const name = fc.constantFrom(
      'port',
      'databaseUrl',
      'logLevel',
      'trustedProxies',
      'delivery',
      'limits',
      'rateLimit',
      'key',
      '__proto__',
    );
    const member = fc.constantFrom('timeout', 'backoff', 'heldPolls', '__proto__');
    const group = fc.array(fc.tuple(member, value), { maxLength: 3 }).map(Object.fromEntries);
    const settings = fc
      .array(fc.tuple(name, fc.oneof(value, group)), { maxLength: 4 })
      .map((members) => JSON.stringify(Object.fromEntries(members)));
    const nearly = textLike(`{"port":8080,"databaseUrl":"postgres://e:p@h/d","limits":{"x":1}}`);
    await fc.assert(
      fc.asyncProperty(fc.oneof(settings, nearly), async (text) => {
        await writeFile(file, text);
        const read = await readSettings({ config: file }, {}).catch((error: unknown) => error);
        if (read instanceof Error) {
          expect(read).toBeInstanceOf(CliError);
          expect(read.message).not.toContain(PASSWORD);
        } else {
          expect(JSON.parse(text)).toMatchObject((read as { options: object }).options);
        }
      }),
      // Each writes a file.
      { numRuns: Math.ceil(RUNS / 10) },
    );
  });

  it('is a variable that is read, or refused without quoting it', async () => {
    const variable = fc
      .constantFrom('PORT', 'DATA', 'TRUSTED_PROXIES', 'DELIVERY_BACKOFF', 'LOG_LEVEL', 'OTHER')
      .map((name) => `LAUNCHKEY_ENGINE_${name}`);
    const text = textLike('8080', '10,20', '10.0.0.0/8, ::1', 'warn', PASSWORD);
    await fc.assert(
      fc.asyncProperty(variable, text, async (name, given) => {
        const read = await readSettings({}, { [name]: given }).catch((error: unknown) => error);
        if (!(read instanceof Error)) return;
        expect(read).toBeInstanceOf(CliError);
        expect(read.message).not.toContain(PASSWORD);
      }),
      { numRuns: RUNS },
    );
  });

  it('is a command that is run or refused, and the next command is run', async () => {
    const { engine } = await share();
    const path = join(folder, 'engine.sock');
    const commands = await serveCommands(engine, path);
    onTestFinished(async () => await commands.close());
    const name = fc.constantFrom(
      'createApp',
      'rotateApp',
      'disableApp',
      'deleteApp',
      'createUser',
      'deleteUser',
      'deorbit',
      'endPause',
      'pairDevice',
      'devices',
      'unpairDevice',
      'audit',
      'close',
      'constructor',
      '__proto__',
    );
    const args = fc.oneof(
      fc.array(fc.jsonValue({ maxDepth: 2 }), { maxLength: 3 }),
      fc.jsonValue(),
    );
    const body = fc.oneof(
      fc.record({ name, args }, { requiredKeys: [] }).map((one) => JSON.stringify(one)),
      textLike('{"name":"audit","args":[{"username":"a","limit":5}]}', '{"name":"apps","args":[]}'),
      fc.json(),
    );
    await fc.assert(
      fc.asyncProperty(body, async (text) => {
        const { error } = JSON.parse(await ask(path, text));
        if (error) expect(error).toEqual({ message: expect.any(String) });
      }),
      // Each takes a connection.
      { numRuns: Math.ceil(RUNS / 20) },
    );
    const known = JSON.parse(await ask(path, '{"name":"apps","args":[]}'));
    expect(known.result).toContainEqual(expect.objectContaining({ name: 'Shop' }));
  });
});

/** Sends one command as the command line does, and returns the whole response. */
async function ask(socketPath: string, body: string): Promise<string> {
  return (await http('http://localhost', { socketPath, method: 'POST', body })).text;
}
