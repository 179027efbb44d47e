import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { expect, it, onTestFinished, vi } from 'vitest';
import { startEngine } from '../../lib/index.js';

// Other tests take their keys from a pool; these are about the keys that an engine generates.
vi.unmock(import('../../lib/crypto/keys.js'));

function bits(key: KeyObject): number | undefined {
  expect(key.asymmetricKeyType).toBe('rsa');
  return key.asymmetricKeyDetails?.modulusLength;
}

async function servedKey(url: string): Promise<string> {
  const { key } = (await (await fetch(`${url}/v1/ping`)).json()) as { key: string };
  return key.replaceAll('\n\n', '\n');
}

it('generates a new RSA pair of 2048 bits for each application and each ping key', async () => {
  const engine = await startEngine();
  onTestFinished(async () => await engine.close());
  const apps = [await engine.createApp({ name: 'Shop' }), await engine.createApp({ name: 'Blog' })];
  const pingKeys = [await servedKey(engine.url)];
  await engine.rotatePingKey();
  pingKeys.push(await servedKey(engine.url));
  const { privateKey = '', publicKey = '' } = await engine.rotateApp(apps[0]?.appKey ?? '');

  const pairs = [...apps, { privateKey, publicKey }];
  for (const pair of pairs) {
    const publicOfPrivate = createPublicKey(pair.privateKey);
    expect(publicOfPrivate.equals(createPublicKey(pair.publicKey))).toBe(true);
    expect(bits(createPrivateKey(pair.privateKey))).toBe(2048);
  }
  for (const key of pingKeys) expect(bits(createPublicKey(key))).toBe(2048);
  const all = [...pairs.map((pair) => pair.publicKey.trim()), ...pingKeys.map((key) => key.trim())];
  expect(new Set(all).size).toBe(5);
});
