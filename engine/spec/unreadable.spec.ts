import { type ChildProcess, spawn } from 'node:child_process';
import { createPrivateKey, randomBytes, webcrypto } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import { describeWith } from '../../spec/support/programs.js';
import { programPath } from '../../spec/support/shared.js';
import { command } from '../lib/cli/control-client.js';
import { Application } from './support/application.js';
import { temporary } from './support/data.js';
import { Device, makeKey, publicJwk, sealFor, signBytes } from './support/device.js';
import { Front } from './support/engine-process.js';
import { describeWithPostgres } from './support/postgres.js';
import { receiver } from './support/receiver.js';
import { formsOf, Search, type Wanted } from './support/traces.js';

const CLI = await programPath('cli');
/** One with few others like it, so that finding it means something. */
const USER = 'alice.of.this.test';

/** An engine as an operator starts it, with all that it and Node's own modules can be made to log. */
class Running {
  readonly said: Buffer[] = [];
  private readonly child: ChildProcess;

  constructor(socket: string, words: string[], key: string) {
    const args = [CLI, 'start', '--json', '--socket', socket, ...words];
    const env = { ...process.env, LAUNCHKEY_ENGINE_KEY: key, NODE_DEBUG: 'http,net,stream,undici' };
    this.child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stderr?.on('data', (chunk: Buffer) => this.said.push(chunk));
    onTestFinished(async () => await this.stop());
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** What it prints once it listens. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever the command under test prints.
  async started(): Promise<any> {
    const said: Buffer[] = [];
    const { stdout } = this.child;
    if (!stdout) throw new Error('no output');
    for await (const chunk of stdout.iterator({ destroyOnReturn: false })) {
      this.said.push(chunk);
      said.push(chunk);
      if (String(Buffer.concat(said)).endsWith('\n}\n'))
        return JSON.parse(String(Buffer.concat(said)));
    }
    throw new Error(`The engine ended: ${Buffer.concat(this.said)}`);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'close');
    this.child.kill('SIGTERM');
    await gone;
  }
}

const linux = { name: '/proc', found: existsSync('/proc/self/mem'), missing: 'There is no /proc' };

describe('the search for bytes', () => {
  it('finds them in every form, wherever in a text they stand, and finds no others', () => {
    const bytes = randomBytes(24);
    const found = (text: Buffer) => [...new Search({ it: bytes }).look(text).found];
    for (const before of [0, 1, 2, 3, 4]) {
      const around = Buffer.concat([randomBytes(before), bytes, randomBytes(5)]);
      expect(found(around)).toEqual(['it']);
      for (const encoding of ['hex', 'base64', 'base64url'] as const) {
        const text = around.toString(encoding);
        expect(found(Buffer.from(text)), encoding).toEqual(['it']);
        expect(found(Buffer.from(text, 'utf16le')), encoding).toEqual(['it']);
      }
    }
    expect(found(randomBytes(4096))).toEqual([]);
    expect(formsOf(bytes).every(({ length }) => length >= 24)).toBe(true);
  });
});

describeWith(linux, 'what the engine has of a login by a paired phone', () => {
  it('keeps the answer and private keys out of its data file, log, traffic and memory', async () => {
    const data = join(await temporary(), 'engine.db');
    await proveUnreadable(['--data', data], async () => {
      const files = [data, `${data}-wal`].map((file) => readFile(file));
      return Buffer.concat(await Promise.all(files));
    });
  });

  describeWithPostgres('with PostgreSQL', (server) => {
    it('keeps the answer and private keys out of its dump, log, traffic and memory', async () => {
      const url = await server().database();
      await proveUnreadable(['--database-url', url], async () => await dump(url));
    });
  });
});

async function proveUnreadable(where: string[], readData: () => Promise<Buffer>): Promise<void> {
  const socket = join(await temporary(), 'engine.sock');
  const key = randomBytes(32).toString('base64');
  const traffic: Buffer[] = [];
  const record = (bytes: Buffer) => void traffic.push(bytes);
  const [front, callbacks] = [await Front.open(record), await Front.open(record)];
  onTestFinished(() => front.close());
  onTestFinished(() => callbacks.close());
  const receiving = await receiver();
  callbacks.direct(Number(new URL(receiving.url).port));
  const words = [...where, '--port', '0', '--public-url', front.url];

  // An application's keys are made by the engine that it is created at, and shown once. It is another
  // process that serves it here, so that what is found there was kept.
  const first = new Running(
    socket,
    [...words, '--app', `Shop=${callbacks.url}/callback`, '--user', USER],
    key,
  );
  const [credentials] = (await first.started()).apps;
  await first.stop();
  const engine = new Running(socket, words, key);
  front.direct(Number(new URL((await engine.started()).url).port));
  const application = new Application(front.url, credentials);

  const device = await Device.make(front.url, Date.now, { readable: true });
  const offer = await command(socket, 'pairDevice', USER);
  expect((await device.pair(offer.code)).status).toBe(200);
  const pin = await makeKey({ readable: true });
  await device.post('factors/knowledge', { publicKey: await publicJwk(pin.publicKey) });
  const policy = JSON.stringify({ minimum_requirements: [{ knowledge: 1 }], factors: [] });
  const authRequest = await application.authorize(USER, { policy });
  const [request] = (await device.state()).body.requests;
  const pins = `pins-${randomBytes(12).toString('hex')}`;
  const text = JSON.stringify({
    auth_request: authRequest,
    response: 'true',
    device_id: device.id,
    app_pins: pins,
  });
  const auth = sealFor(request.app.publicKey, text);
  const secret: Wanted = {
    'the answer': Buffer.from(text.slice(text.indexOf('"response"'))),
    'its pins': Buffer.from(pins),
    'the key of the device': await privateBytes(device.keys.privateKey),
    'the key behind the PIN': await privateBytes(pin.privateKey),
    'the application’s key, d': rsaPart(credentials.privateKey, 'd'),
    'the application’s key, p': rsaPart(credentials.privateKey, 'p'),
    'the application’s key, q': rsaPart(credentials.privateKey, 'q'),
  };
  const known: Wanted = { user: Buffer.from(USER), request: Buffer.from(authRequest) };
  const wanted = { ...secret, ...known };
  const inMemory = new Search(wanted);

  const body = device.answerBody(request, true, { auth });
  const proofs = { knowledge: await signBytes(pin.privateKey, device.challenge(body)) };
  expect((await device.post('answer', { ...body, proofs })).body).toEqual({ approved: true });
  await receiving.count(1);
  await inMemory.lookAtMemory(engine.pid);
  const polled = (await application.poll(authRequest)).body;
  expect(application.decryptAuth(polled.auth).app_pins).toBe(pins);
  expect((await application.log(authRequest, 'Authenticate')).status).toBe(200);
  await inMemory.lookAtMemory(engine.pid);
  const data = await readData();
  await engine.stop();

  // The searches find what must be there, so that finding nothing else says something.
  const all = Object.keys(wanted).sort();
  expect([...inMemory.found].sort()).toEqual(Object.keys(known).sort());
  const sealed = { ciphertext: Buffer.from(auth, 'base64') };
  const inData = new Search({ ...wanted, ...sealed }).look(data);
  expect([...inData.found].sort()).toEqual(Object.keys({ ...known, ...sealed }).sort());
  const inTraffic = new Search({ ...wanted, ...sealed }).look(Buffer.concat(traffic));
  expect([...inTraffic.found].sort()).toEqual(Object.keys({ ...known, ...sealed }).sort());
  const said = Buffer.concat(engine.said);
  expect([...new Search(secret).look(said).found]).toEqual([]);
  expect(String(said)).toContain('HTTP');
  // This process has had them all, and the same search finds each.
  expect([...(await new Search(wanted).lookAtMemory(process.pid)).found].sort()).toEqual(all);
}

async function privateBytes(key: webcrypto.CryptoKey): Promise<Buffer> {
  const { d = '' } = await webcrypto.subtle.exportKey('jwk', key);
  return Buffer.from(d, 'base64url');
}

/** The beginning of a number of a private key, which is enough to know it by. */
function rsaPart(pem: string, part: 'd' | 'p' | 'q'): Buffer {
  const jwk = createPrivateKey(pem).export({ format: 'jwk' });
  return Buffer.from(String(jwk[part]), 'base64url').subarray(0, 48);
}

async function dump(url: string): Promise<Buffer> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    const { rows } = await client.query(
      "select query_to_xml(format('select * from %I', tablename), true, false, '')::text as dump from pg_tables where schemaname = 'public'",
    );
    return Buffer.from(rows.map((row) => row.dump).join(''));
  } finally {
    await client.end();
  }
}
