import { constants, createSign, createVerify, privateDecrypt, publicEncrypt } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { encryptOaep, maxOaepBytes, OaepDecrypter, sign, verify } from '../../lib/crypto/rsa.js';
import { makePair } from '../support/keys.js';

const pair = makePair();
const oaep = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' };

describe('sign and verify', () => {
  it('sign with PKCS#1 v1.5 and SHA-256, as node:crypto verifies it', async () => {
    const signature = await sign(pair.privateKey, Buffer.from('text'));
    expect(createVerify('sha256').update('text').verify(pair.publicKey, signature)).toBe(true);
  });

  it('verify signatures of node:crypto, and reject altered ones', async () => {
    const signature = createSign('sha256').update('text').sign(pair.privateKey);
    expect(await verify(pair.publicKey, Buffer.from('text'), signature)).toBe(true);
    expect(await verify(pair.publicKey, Buffer.from('Text'), signature)).toBe(false);
    expect(await verify(makePair().publicKey, Buffer.from('text'), signature)).toBe(false);
    expect(await verify(pair.publicKey, Buffer.from('text'), Buffer.from('x'))).toBe(false);
    expect(await verify(pair.publicKey, Buffer.from('text'), Buffer.alloc(0))).toBe(false);
  });

  it('refuse a signature by another padding or hash', async () => {
    const pss = createSign('sha256')
      .update('text')
      .sign({ key: pair.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING });
    const sha1 = createSign('sha1').update('text').sign(pair.privateKey);
    expect(await verify(pair.publicKey, Buffer.from('text'), pss)).toBe(false);
    expect(await verify(pair.publicKey, Buffer.from('text'), sha1)).toBe(false);
  });
});

describe('OAEP', () => {
  it('encrypts up to its limit, as node:crypto decrypts it', () => {
    const text = Buffer.alloc(maxOaepBytes(2048), 'x');
    const ciphertext = encryptOaep(pair.publicKey, text);
    expect(privateDecrypt({ key: pair.privateKey, ...oaep }, ciphertext)).toEqual(text);
    expect(() => encryptOaep(pair.publicKey, Buffer.alloc(maxOaepBytes(2048) + 1))).toThrow();
  });

  it('decrypts many ciphertexts at the same time', async () => {
    const decrypter = new OaepDecrypter(pair.privateKey);
    const texts = Array.from({ length: 40 }, (_, n) => `text ${n}`);
    const decrypted = await Promise.all(
      texts.map((text) => {
        const ciphertext = publicEncrypt({ key: pair.publicKey, ...oaep }, Buffer.from(text));
        return decrypter.decrypt(ciphertext);
      }),
    );
    expect(decrypted.map(String)).toEqual(texts);
  });

  it('rejects a ciphertext for another key, by another hash, altered or short', async () => {
    const decrypter = new OaepDecrypter(pair.privateKey);
    const good = publicEncrypt({ key: pair.publicKey, ...oaep }, Buffer.from('text'));
    const altered = Buffer.from(good);
    altered[100] = (altered[100] ?? 0) ^ 1;
    const sha256 = { key: pair.publicKey, padding: oaep.padding, oaepHash: 'sha256' };
    for (const bad of [
      publicEncrypt({ key: makePair().publicKey, ...oaep }, Buffer.from('text')),
      publicEncrypt(sha256, Buffer.from('text')),
      altered,
      good.subarray(1),
      Buffer.alloc(0),
    ]) {
      await expect(decrypter.decrypt(bad)).rejects.toThrow();
    }
    expect((await decrypter.decrypt(good)).toString()).toBe('text');
  });

  it('does not block the event loop while it decrypts', async () => {
    const decrypter = new OaepDecrypter(pair.privateKey);
    const ciphertext = publicEncrypt({ key: pair.publicKey, ...oaep }, Buffer.from('text'));
    await decrypter.decrypt(ciphertext);
    const order: string[] = [];
    const decrypting = decrypter.decrypt(ciphertext).then(() => order.push('decrypted'));
    await new Promise((resolve) => process.nextTick(resolve));
    order.push('tick');
    await decrypting;
    expect(order).toEqual(['tick', 'decrypted']);
  });
});
