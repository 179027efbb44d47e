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

/** The certificate that the engine serves now. */
async function served(port: number): Promise<PeerCertificate> {
  const socket: TLSSocket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const certificate = socket.getPeerCertificate();
  socket.destroy();
  return certificate;
}

it('serves a complete login over https to a client that trusts the certificate', async () => {
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

it('serves a renewed certificate without a restart, and keeps the old one until its key is replaced', async () => {
  const tls = await files(first);
  const log = logger();
  const { port } = await start({ tls, logger: log });
  const before = await served(port);

  await replace(tls.certFile, second.cert);
  await vi.waitFor(() => expect(log.error).toHaveBeenCalledTimes(1), 10_000);
  expect(log.error.mock.calls[0]).toEqual([
    { reason: expect.stringContaining('does not belong to the first certificate') },
    'certificate not renewed: the old one is still served',
  ]);
  expect((await served(port)).fingerprint256).toBe(before.fingerprint256);

  await replace(tls.keyFile, second.key);
  await vi.waitFor(() => expect(log.info).toHaveBeenCalledTimes(1), 10_000);
  const after = await served(port);
  expect(after.fingerprint256).not.toBe(before.fingerprint256);
}, 30_000);

it('sends Strict-Transport-Security unless it listens on a loopback address', async () => {
  const tls = await files(first);
  const shared = await start({ tls, host: '0.0.0.0' });
  const local = await start({ tls });
  const path = '/authenticator/api/state';
  expect(await get(`https://127.0.0.1:${shared.port}${path}`, first.cert)).toMatchObject({
    hsts: 'max-age=31536000',
  });
  expect((await get(`https://127.0.0.1:${local.port}${path}`, first.cert)).hsts).toBeUndefined();
});

it.each([
  ['https://login.example.com', 'max-age=31536000'],
  ['http://login.example.com', null],
  ['https://localhost:8443', null],
])('behind a proxy at %s sends Strict-Transport-Security: %s', async (publicUrl, expected) => {
  const engine = await startEngine({ publicUrl });
  onTestFinished(async () => await engine.close());
  const { headers } = await fetch(`${engine.url}/authenticator/api/state`);
  expect(headers.get('strict-transport-security')).toBe(expected);
});

it('accepts neither http nor TLS 1.1 on the https port', async () => {
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

it('closes a connection that never completes its handshake', async () => {
  const { port } = await start({ tls: await files(first) });
  const silent = connectPlain(port, '127.0.0.1').resume();
  await once(silent, 'close');
}, 30_000);

it('closes the engine while a connection has not completed its handshake', async () => {
  const { engine, port } = await start({ tls: await files(first) });
  const silent = connectPlain(port, '127.0.0.1').resume();
  await once(silent, 'connect');
  // The engine accepts in this order.
  await served(port);
  await Promise.all([engine.close(), once(silent, 'close')]);
}, 9000);

it.each([
  [
    'a missing file',
    { certFile: '/nowhere/cert.pem' },
    /\/nowhere\/cert\.pem \(tls\.certFile\).*ENOENT/,
  ],
  [
    'a file without a certificate',
    { cert: 'hello' },
    /cert\.pem \(tls\.certFile\) must hold a PEM cert/,
  ],
  ['a broken certificate', { cert: broken(first.cert) }, /must hold a PEM certificate/],
  [
    'a file without a key',
    { key: first.cert },
    /key\.pem \(tls\.keyFile\) must hold a PEM private key/,
  ],
  [
    'the key of another certificate',
    { key: second.key },
    /does not belong to the first certificate/,
  ],
])('refuses %s at the start', async (_name, change, message) => {
  const tls = { ...(await files({ ...first, ...change })), ...change };
  const { certFile, keyFile } = tls;
  await expect(startEngine({ tls: { certFile, keyFile } })).rejects.toMatchObject({
    code: 'ENGINE_TLS',
    message: expect.stringMatching(message),
  });
});

it('refuses an encrypted key and says that it is encrypted', async () => {
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

it('warns of an expired certificate', async () => {
  const log = logger();
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3 * 86_400_000 });
  onTestFinished(() => void vi.useRealTimers());
  await start({ tls: await files(first), logger: log });
  expect(log.warn).toHaveBeenCalledExactlyOnceWith(
    { certFile: expect.any(String), validTo: expect.any(String) },
    'certificate expired: renew it',
  );
});

it.each([[{ certFile: 'cert.pem' }], [{ cert: 'cert.pem', key: 'key.pem' }], ['cert.pem']])(
  'refuses the option tls: %j',
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
