import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { KEYUTIL, type RSAKey } from 'jsrsasign';
import { describe, expect, it } from 'vitest';
import { readPrivateKey, readPublicKey } from '../../lib/crypto/keys.js';
import { ConfigurationError } from '../../lib/errors.js';
import { makePair, openssl, selfSigned } from '../support/keys.js';

const pair = makePair();
const jwk = pair.privateKey.export({ format: 'jwk' });
const pkcs8 = pair.privatePem;
const pkcs1 = openssl(pkcs8, 'rsa', '-traditional');
const plain = { 'PKCS#1': pkcs1, 'PKCS#8': pkcs8 };
const encrypted = {
  'PKCS#1, DES-EDE3': openssl(
    pkcs8,
    'rsa',
    '-traditional',
    '-des3',
    '-passout',
    'pass:open sesame',
  ),
  'PKCS#1, AES-128': openssl(
    pkcs8,
    'rsa',
    '-traditional',
    '-aes128',
    '-passout',
    'pass:open sesame',
  ),
  'PKCS#1, AES-256': openssl(
    pkcs8,
    'rsa',
    '-traditional',
    '-aes256',
    '-passout',
    'pass:open sesame',
  ),
  'PKCS#8, AES-256': openssl(pkcs8, 'pkcs8', '-topk8', '-passout', 'pass:open sesame'),
  'PKCS#8, DES-EDE3': openssl(
    pkcs8,
    'pkcs8',
    '-topk8',
    '-v2',
    'des3',
    '-passout',
    'pass:open sesame',
  ),
  'PKCS#8, PBES1 DES-EDE3': openssl(
    pkcs8,
    'pkcs8',
    '-topk8',
    '-v1',
    'PBE-SHA1-3DES',
    '-passout',
    'pass:open sesame',
  ),
  'PKCS#8, scrypt': openssl(pkcs8, 'pkcs8', '-topk8', '-scrypt', '-passout', 'pass:open sesame'),
  'PKCS#8, 100,000 rounds': openssl(
    pkcs8,
    'pkcs8',
    '-topk8',
    '-iter',
    '100000',
    '-passout',
    'pass:open sesame',
  ),
};

/** How PEM text looks after it went through editors, mails, shells and other libraries. */
const spellings: Record<string, (text: string) => string> = {
  'with \\n': (text) => text,
  'with \\r\\n': (text) => text.replaceAll('\n', '\r\n'),
  'with \\r': (text) => text.replaceAll('\n', '\r'),
  'with backslash-n': (text) => text.replaceAll('\n', '\\n'),
  'with backslash-r backslash-n': (text) => text.replaceAll('\n', '\\r\\n'),
  'with blank lines after BEGIN and before END': (text) =>
    text.replace(/(BEGIN .*-----\n)/, '$1\n').replace('\n-----END', '\n\n-----END'),
  'with text before BEGIN': (text) => `Bag Attributes\n    friendlyName: app\n${text}`,
  indented: (text) => text.replace(/^/gm, '  '),
  'in quotes': (text) => `"${text.trim()}"`,
};

const isThePair = (key: { export(options: { format: 'jwk' }): unknown }) =>
  expect(key.export({ format: 'jwk' })).toEqual(jwk);

describe('readPrivateKey', () => {
  for (const [form, text] of Object.entries(plain)) {
    it.each(Object.entries(spellings))(`reads ${form} %s`, (_, spell) => {
      isThePair(readPrivateKey(spell(text)));
    });
  }

  for (const [form, text] of Object.entries(encrypted)) {
    it.each(Object.entries(spellings))(`opens ${form} %s`, (_, spell) => {
      isThePair(readPrivateKey(spell(text), 'open sesame'));
    });
  }

  it.each<[string, (text: string) => string]>([
    ['one line, with a blank for each line end', (text) => text.replaceAll('\n', ' ')],
    ['one line, with one blank between words', (text) => text.replace(/\s+/g, ' ').trim()],
  ])('reads every form on %s', (_, spell) => {
    for (const text of Object.values(plain)) isThePair(readPrivateKey(spell(text)));
    for (const text of Object.values(encrypted)) {
      isThePair(readPrivateKey(spell(text), 'open sesame'));
    }
  });

  it('reads PKCS#8 and PKCS#1 under the label of the other', () => {
    const asPkcs1 = pkcs8.replaceAll('PRIVATE KEY', 'RSA PRIVATE KEY');
    isThePair(readPrivateKey(asPkcs1));
    isThePair(readPrivateKey(pkcs1.replaceAll('RSA PRIVATE KEY', 'PRIVATE KEY')));
    for (const spell of Object.values(spellings)) isThePair(readPrivateKey(spell(asPkcs1)));
  });

  it.each(['RSA PRIVATE KEY', 'PRIVATE KEY', 'ENCRYPTED PRIVATE KEY'])(
    'opens an encrypted key under the label %s',
    (label) => {
      for (const text of Object.values(encrypted)) {
        const relabelled = text.replace(/(BEGIN|END) [A-Z ]+-----/g, `$1 ${label}-----`);
        isThePair(readPrivateKey(relabelled, 'open sesame'));
        expect(refused(() => readPrivateKey(relabelled)).option).toBe('passphrase');
        expect(refused(() => readPrivateKey(relabelled, 'wrong')).option).toBe('passphrase');
      }
    },
  );

  it('opens PKCS#1 that is encrypted with single DES, which node:crypto refuses', () => {
    const des = encryptWithDes(pkcs1, 'open sesame');
    expect(() => createPrivateKey({ key: des, passphrase: 'open sesame' })).toThrow();
    isThePair(readPrivateKey(des, 'open sesame'));
    expect(refused(() => readPrivateKey(des, 'wrong')).option).toBe('passphrase');
  });

  it('reads a Buffer, a Uint8Array and a KeyObject', () => {
    isThePair(readPrivateKey(Buffer.from(pkcs1)));
    isThePair(readPrivateKey(new Uint8Array(Buffer.from(pkcs8))));
    isThePair(readPrivateKey(createPrivateKey(pkcs8)));
  });

  it('reads a file in UTF-16, as older PowerShells write it', () => {
    isThePair(readPrivateKey(Buffer.from(`\ufeff${pkcs8}`, 'utf16le')));
  });

  it('reads the private key out of a file that holds a certificate too', () => {
    const certificate = selfSigned(pkcs8);
    isThePair(readPrivateKey(certificate + pkcs8));
  });

  it('ignores a passphrase that is not needed', () => {
    isThePair(readPrivateKey(pkcs1, 'open sesame'));
  });

  const ec = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 });
  const small = makePair(1024);
  const certificate = selfSigned(pkcs8);
  const sec1 = ec.privateKey.export({ type: 'sec1', format: 'pem' }).toString();
  const ecPkcs8 = ec.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const pkcs1Public = pair.publicKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  const encryptedEc = openssl(ecPkcs8, 'pkcs8', '-topk8', '-passout', 'pass:open sesame');
  const encryptedSmall = openssl(
    small.privatePem,
    'pkcs8',
    '-topk8',
    '-passout',
    'pass:open sesame',
  );

  it.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /is missing/],
    ['null', null, /is missing/],
    ['an empty string', '', /is missing/],
    ['blanks', ' \n ', /is empty/],
    ['an empty Buffer', Buffer.alloc(0), /is empty/],
    ['a number', 42, /must be a PEM string, a Buffer or a KeyObject/],
    ['text that is no PEM', 'not a key', /holds no PEM text/],
    ['a megabyte of text', 'x'.repeat(1_000_000), /holds no PEM text/],
    ['a public key', pair.publicPem, /is a public key/],
    ['a PKCS#1 public key', pkcs1Public, /is a public key/],
    ['a public KeyObject', pair.publicKey, /is a public key/],
    ['a certificate', certificate, /is a certificate/],
    ['an EC key, SEC 1', sec1, /of type ec/],
    ['an EC key, PKCS#8', ecPkcs8, /of type ec/],
    ['an EC KeyObject', ec.privateKey, /of type ec/],
    ['an RSA-PSS KeyObject', pss.privateKey, /of type rsa-pss/],
    ['an encrypted EC key', encryptedEc, /of type ec/],
    [
      'an OpenSSH key',
      '-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----',
      /OpenSSH/,
    ],
    [
      'a DSA key',
      '-----BEGIN DSA PRIVATE KEY-----\nMIIB\n-----END DSA PRIVATE KEY-----',
      /another kind/,
    ],
    ['1024 bits', small.privatePem, /has 1024 bits. At least 2048/],
    ['1024 bits as a KeyObject', small.privateKey, /has 1024 bits/],
    ['1024 bits encrypted', encryptedSmall, /has 1024 bits/],
    ['a truncated key', pkcs8.replace(/(.{64}\n){4}.+\n-----END/, '-----END'), /is damaged/],
    ['a key with a wrong character', pkcs8.replace(/(.{200})./s, '$1-'), /is damaged/],
    ['a key with another character', typo(pkcs8), /is damaged/],
    ['a PKCS#1 key with another character', typo(pkcs1), /is damaged/],
  ])('refuses %s and names the reason', (_, input, reason) => {
    const error = refused(() => readPrivateKey(input as never, 'open sesame'));
    expect(error.option).toBe('privateKey');
    expect(error.message).toMatch(reason);
  });

  it.each(Object.entries(encrypted))('refuses a wrong passphrase of %s', (_, text) => {
    const error = refused(() => readPrivateKey(text, 'wrong'));
    expect(error.option).toBe('passphrase');
    expect(error.message).toMatch(/does not open privateKey/);
  });

  it.each(Object.entries(encrypted))('refuses a missing passphrase of %s', (_, text) => {
    const error = refused(() => readPrivateKey(text));
    expect(error.option).toBe('passphrase');
    expect(error.message).toMatch(/is missing/);
    expect(refused(() => readPrivateKey(text, '')).message).toMatch(/is missing/);
  });

  it('refuses a passphrase that is not a string', () => {
    const read = () => readPrivateKey(encrypted['PKCS#8, AES-256'], 42 as never);
    expect(refused(read)).toMatchObject({ option: 'passphrase' });
  });
});

describe('readPublicKey', () => {
  const isThePublicKey = (text: string) =>
    expect(readPublicKey(text)?.export({ type: 'spki', format: 'pem' })).toBe(pair.publicPem);
  const pkcs1Public = pair.publicKey.export({ type: 'pkcs1', format: 'pem' }).toString();

  it.each(Object.entries(spellings))('reads SubjectPublicKeyInfo %s', (_, spell) => {
    isThePublicKey(spell(pair.publicPem));
  });

  it.each(Object.entries(spellings))('reads PKCS#1 %s', (_, spell) => {
    isThePublicKey(spell(pkcs1Public));
  });

  it('reads SubjectPublicKeyInfo that is labelled RSA PUBLIC KEY, and PKCS#1 labelled PUBLIC KEY', () => {
    isThePublicKey(pair.publicPem.replaceAll('PUBLIC KEY', 'RSA PUBLIC KEY'));
    isThePublicKey(pkcs1Public.replaceAll('RSA PUBLIC KEY', 'PUBLIC KEY'));
  });

  it('returns null for anything else', () => {
    const ec = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).publicKey;
    for (const text of [
      '',
      'key',
      pkcs8,
      makePair(1024).publicPem,
      ec.export({ type: 'spki', format: 'pem' }).toString(),
      '-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----',
    ]) {
      expect(readPublicKey(text)).toBeNull();
    }
  });
});

/** Encrypts a PKCS#1 key as OpenSSL did before 1.0, with the cipher that it has given up since. */
function encryptWithDes(text: string, passphrase: string): string {
  const key = KEYUTIL.getKey(text) as RSAKey;
  return KEYUTIL.getPEM(key, 'PKCS5PRV', passphrase, 'DES-CBC');
}

/** The 200th character of the text, which is one of the modulus, replaced by the next letter. */
function typo(text: string): string {
  const at = /[A-Ya-y]/.exec(text.slice(200))?.index ?? 0;
  const next = String.fromCharCode(text.charCodeAt(200 + at) + 1);
  return text.slice(0, 200 + at) + next + text.slice(201 + at);
}

function refused(read: () => unknown): ConfigurationError {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return error as ConfigurationError;
  }
  throw new Error('The key was read');
}
