import { createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type PeerCertificate, type TLSSocket } from 'node:tls';
import { LaunchKeyClient } from 'passport-launchkey';
import { expect, it, onTestFinished, vi } from 'vitest';
import { type EngineOptions, startEngine } from '../lib/index.js';
import { type Certificate, makeCertificate } from './support/certificate.js';

const first = await makeCertificate();
const second = await makeCertificate();

/** The files of a certificate, gone with the test. */
async function files({ cert, key }: Certificate) {
  const folder = await mkdtemp(join(tmpdir(), 'launchkey-tls-'));
  onTestFinished(async () => await rm(folder, { recursive: true }));
  const tls = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') };
  await writeFile(tls.certFile, cert);
  await writeFile(tls.keyFile, key);
  return tls;
}

/** As those who renew certificates do: never half a file. */
async function replace(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text);
  await rename(`${file}.new`, file);
}

function logger() {
  return { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
}

async function start(options: EngineOptions) {
  const engine = await startEngine({ rateLimit: false, ...options });
  onTestFinished(async () => await engine.close());
  return { engine, port: Number(new URL(engine.url).port) };
}

function get(url: string, ca: string) {
  return new Promise<{ status?: number; hsts: unknown }>((resolve, reject) => {
    const sent = request(url, { ca, agent: false }, (response) => {
      response.resume();
      const { statusCode: status, headers } = response;
      resolve({ status, hsts: headers['strict-transport-security'] });
    });
    sent.on('error', reject).end();
  });
}

/** The certificate that is served at this moment. */
async function served(port: number): Promise<PeerCertificate> {
  const socket: TLSSocket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const certificate = socket.getPeerCertificate();
  socket.destroy();
  return certificate;
}

it('serves https to whoever trusts the certificate, a whole login long', async () => {
  const { engine } = await start({ tls: await files(first) });
  expect(engine.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
  expect(engine.authenticatorUrl).toBe(`${engine.url}/authenticator`);
  await engine.createUser('alice');
  const { publicKey: _, ...app } = await engine.createApp({ name: 'Shop' });
  const trusting = new LaunchKeyClient({ ...app, apiBaseUrl: `${engine.url}/v1`, ca: first.cert });
  onTestFinished(() => trusting.close());
  const authRequest = await trusting.authorize('alice');
  const polled = trusting.pollRequest(authRequest, { wait: 20 });
  await engine.answer(authRequest, true);
  expect(await polled).toMatchObject({ userHash: expect.any(String) });

  const strange = new LaunchKeyClient({ ...app, apiBaseUrl: `${engine.url}/v1`, ca: second.cert });
  onTestFinished(() => strange.close());
  await expect(strange.authorize('alice')).rejects.toThrow();
});

it('takes a renewed certificate without a restart, and none whose key does not fit', async () => {
  const tls = await files(first);
  const log = logger();
  const { port } = await start({ tls, logger: log });
  const before = await served(port);

  await replace(tls.certFile, second.cert);
  await vi.waitFor(() => expect(log.error).toHaveBeenCalledTimes(1), 10_000);
  expect(log.error.mock.calls[0]).toEqual([
    { reason: expect.stringContaining('is not the one of the first certificate') },
    'the certificate before is served still',
  ]);
  expect((await served(port)).fingerprint256).toBe(before.fingerprint256);

  await replace(tls.keyFile, second.key);
  await vi.waitFor(() => expect(log.info).toHaveBeenCalledTimes(1), 10_000);
  const after = await served(port);
  expect(after.fingerprint256).not.toBe(before.fingerprint256);
}, 30_000);

it('has browsers come back by https only, unless it serves nobody but this machine', async () => {
  const tls = await files(first);
  const shared = await start({ tls, host: '0.0.0.0' });
  const local = await start({ tls });
  const path = '/authenticator/api/state';
  expect(await get(`https://127.0.0.1:${shared.port}${path}`, first.cert)).toMatchObject({
    hsts: 'max-age=31536000',
  });
  expect((await get(`https://127.0.0.1:${local.port}${path}`, first.cert)).hsts).toBeUndefined();
});

it('speaks neither http nor old TLS on that port', async () => {
  const { port } = await start({ tls: await files(first) });
  const plain = connectPlain(port, '127.0.0.1');
  let answered = '';
  plain.on('data', (chunk) => {
    answered += chunk.toString('latin1');
  });
  plain.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await once(plain, 'close');
  expect(answered).not.toContain('HTTP');

  const old = connect({ port, host: '127.0.0.1', ca: first.cert, maxVersion: 'TLSv1.1' });
  const [error] = await once(old, 'error');
  expect(error).toBeInstanceOf(Error);
});

it('lets nobody stay who never comes to an end with the handshake', async () => {
  const { port } = await start({ tls: await files(first) });
  const silent = connectPlain(port, '127.0.0.1').resume();
  await once(silent, 'close');
}, 30_000);

it('closes though somebody has not come to an end with the handshake', async () => {
  const { engine, port } = await start({ tls: await files(first) });
  const silent = connectPlain(port, '127.0.0.1').resume();
  await once(silent, 'connect');
  // The engine accepts in this order.
  await served(port);
  await Promise.all([engine.close(), once(silent, 'close')]);
}, 9000);

it.each([
  [
    'no such file',
    { certFile: '/nowhere/cert.pem' },
    /\/nowhere\/cert\.pem \(tls\.certFile\).*ENOENT/,
  ],
  ['what is no certificate', { cert: 'hello' }, /cert\.pem \(tls\.certFile\) holds no certificate/],
  ['a broken certificate', { cert: broken(first.cert) }, /holds no certificate as PEM/],
  ['what is no key', { key: first.cert }, /key\.pem \(tls\.keyFile\) holds no private key/],
  ['the key of another', { key: second.key }, /is not the one of the first certificate/],
])('refuses %s at the start', async (_name, change, message) => {
  const tls = { ...(await files({ ...first, ...change })), ...change };
  const { certFile, keyFile } = tls;
  await expect(startEngine({ tls: { certFile, keyFile } })).rejects.toMatchObject({
    code: 'ENGINE_TLS',
    message: expect.stringMatching(message),
  });
});

it('refuses an encrypted key, and says so', async () => {
  const tls = await files(first);
  const encrypted = {
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'x',
  } as const;
  await writeFile(tls.keyFile, createPrivateKey(first.key).export(encrypted));
  await expect(startEngine({ tls })).rejects.toMatchObject({
    code: 'ENGINE_TLS',
    message: expect.stringMatching(/key\.pem \(tls\.keyFile\) is encrypted/),
  });
});

it('warns of a certificate that has expired', async () => {
  const log = logger();
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3 * 86_400_000 });
  onTestFinished(() => void vi.useRealTimers());
  await start({ tls: await files(first), logger: log });
  expect(log.warn).toHaveBeenCalledExactlyOnceWith(
    { certFile: expect.any(String), validTo: expect.any(String) },
    'the certificate has expired: renew it',
  );
});

it.each([[{ certFile: 'cert.pem' }], [{ cert: 'cert.pem', key: 'key.pem' }], ['cert.pem']])(
  'refuses %j',
  async (tls) => {
    await expect(startEngine({ tls } as EngineOptions)).rejects.toMatchObject({
      code: 'ENGINE_INVALID_OPTION',
      message: expect.stringMatching(/^The option tls/),
    });
  },
);

function broken(pem: string): string {
  return pem.replace(/\n.{20}/, '\n!!!!!!!!');
}
