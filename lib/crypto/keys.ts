import { createPrivateKey, createPublicKey, KeyObject, sign, verify } from 'node:crypto';
import { KEYUTIL } from 'jsrsasign';
import { ConfigurationError } from '../errors.js';

/** A key as people have it: the text of a PEM file, the file's bytes, or a key that is already read. */
export type KeyInput = string | Uint8Array | KeyObject;

const MIN_BITS = 2048;
const PROBE = Buffer.from('probe');
const DAMAGED = 'is not readable as an RSA private key: it is damaged';

/**
 * Reads an RSA private key of at least 2048 bits: PKCS#1 or PKCS#8, plain or encrypted.
 *
 * @throws ConfigurationError that names `privateKey` or `passphrase` and says what is wrong with it.
 */
export function readPrivateKey(input: KeyInput | undefined, passphrase?: string): KeyObject {
  const key = isKeyObject(input) ? input : fromPrivatePem(textOf(input), passphrase);
  if (key.type !== 'private')
    throw unusable('is a public key; the application needs its private key');
  const { asymmetricKeyType, asymmetricKeyDetails } = key;
  if (asymmetricKeyType !== 'rsa') throw unusable(`is a key of type ${asymmetricKeyType}, not RSA`);
  const bits = asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < MIN_BITS) throw unusable(`has ${bits} bits; at least ${MIN_BITS} are needed`);
  if (!isWhole(key)) throw unusable(DAMAGED);
  return key;
}

/**
 * Reads an RSA public key of at least 2048 bits as engines serve it, broken lines and all.
 *
 * @returns `null` for anything else.
 */
export function readPublicKey(text: string): KeyObject | null {
  const block = blocksOf(text).find(({ label }) => label.endsWith('PUBLIC KEY'));
  if (!block) return null;
  // Some label `RSA PUBLIC KEY` what is a SubjectPublicKeyInfo, so the label decides nothing.
  const key = fromSpki(block.body) ?? fromPkcs1(block.body);
  if (key?.asymmetricKeyType !== 'rsa') return null;
  return (key.asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_BITS ? key : null;
}

/** One wrong character leaves a key readable that signs nothing which anybody could verify. */
function isWhole(key: KeyObject): boolean {
  try {
    return verify('sha256', PROBE, createPublicKey(key), sign('sha256', PROBE, key));
  } catch {
    return false;
  }
}

function isKeyObject(input: unknown): input is KeyObject {
  return input instanceof KeyObject;
}

function textOf(input: unknown): string {
  if (input === undefined || input === null || input === '') throw unusable('is missing');
  // `instanceof Uint8Array` would not know the one of another realm, such as Jest's.
  const text = ArrayBuffer.isView(input) ? decode(input) : input;
  if (typeof text !== 'string') throw unusable('must be a PEM string, a Buffer or a KeyObject');
  if (text.trim() === '') throw unusable('is empty');
  return text;
}

/** UTF-8, or the UTF-16 in which older PowerShells write files. */
function decode(view: ArrayBufferView): string {
  const bytes = Buffer.from(view.buffer, view.byteOffset, view.byteLength);
  return bytes.toString(bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf16le' : 'utf8');
}

function fromPrivatePem(text: string, passphrase: string | undefined): KeyObject {
  const blocks = blocksOf(text);
  const block = blocks.find(({ label }) => label.endsWith('PRIVATE KEY')) ?? blocks[0];
  if (!block) throw unusable('holds no PEM text ("-----BEGIN …")');
  refuseOtherKinds(block.label);
  return isEncrypted(block) ? openEncrypted(block, passphrase) : openPlain(block);
}

function refuseOtherKinds(label: string): void {
  if (label.endsWith('PUBLIC KEY'))
    throw unusable('is a public key; the application needs its private key');
  if (label.includes('CERTIFICATE'))
    throw unusable('is a certificate; the application needs its private key');
  if (label === 'EC PRIVATE KEY') throw unusable('is a key of type ec, not RSA');
  if (label === 'OPENSSH PRIVATE KEY') {
    throw unusable('is in OpenSSH format; convert it with "ssh-keygen -p -m PEM -f FILE"');
  }
  if (!['RSA PRIVATE KEY', 'PRIVATE KEY', 'ENCRYPTED PRIVATE KEY'].includes(label)) {
    throw unusable('is PEM text of another kind, not an RSA private key');
  }
}

/** jsrsasign reads keys that node:crypto refuses; what it has read, it writes down for node. */
function openPlain(block: PemBlock): KeyObject {
  try {
    const key = KEYUTIL.getKey(pem(block.label, block.body));
    // A PKCS#8 file may hold an elliptic curve: node reads it, so that the refusal can name it.
    if (!('isPrivate' in key) || !('n' in key))
      return createPrivateKey(pem(block.label, block.body));
    return createPrivateKey(KEYUTIL.getPEM(key, 'PKCS8PRV'));
  } catch {
    // No cause: jsrsasign's messages quote the bytes that they stumble over.
    throw unusable(DAMAGED);
  }
}

/**
 * Encrypted keys go to node:crypto. jsrsasign derives the key in JavaScript: 150 ms for OpenSSL's
 * default of 2,048 rounds, seconds for 100,000; it knows no scrypt, and made a key of 173 bits out
 * of a wrong line without a word.
 */
function openEncrypted(block: PemBlock, passphrase: string | undefined): KeyObject {
  if (passphrase === undefined || passphrase === '') {
    throw new ConfigurationError('passphrase', 'is missing, and privateKey is encrypted');
  }
  if (typeof passphrase !== 'string')
    throw new ConfigurationError('passphrase', 'must be a string');
  try {
    return createPrivateKey({ key: pem(block.label, block.body, block.headers), passphrase });
  } catch {
    throw new ConfigurationError(
      'passphrase',
      'does not open privateKey (or the key is damaged, or encrypted in a way that Node cannot read)',
    );
  }
}

function fromSpki(body: string): KeyObject | null {
  try {
    const key = KEYUTIL.getKey(pem('PUBLIC KEY', body));
    return 'n' in key ? createPublicKey(KEYUTIL.getPEM(key)) : null;
  } catch {
    return null;
  }
}

/** jsrsasign has no reader for public keys of this form. */
function fromPkcs1(body: string): KeyObject | null {
  try {
    return createPublicKey(pem('RSA PUBLIC KEY', body));
  } catch {
    return null;
  }
}

interface PemBlock {
  label: string;
  /** RFC 1421 headers, which PKCS#1 needs where it is encrypted. */
  headers: string[];
  body: string;
}

const PEM = /-----BEGIN ([A-Z0-9 ]{1,64})-----([\s\S]*?)-----END \1-----/g;

/**
 * Takes a text apart into its PEM blocks, whatever stands before them and however its lines end:
 * `\n`, `\r\n`, `\r`, or a backslash and an `n` as an environment variable has it.
 */
function blocksOf(text: string): PemBlock[] {
  if (text.length > 65_536) return [];
  const lines = text.replaceAll('\\r', '').replaceAll('\\n', '\n').replace(/\r\n?/g, '\n');
  return Array.from(lines.matchAll(PEM), ([, label = '', content = '']) => {
    const parts = content.split('\n').map((line) => line.trim());
    return {
      label,
      headers: parts.filter((line) => line.includes(':')),
      body: parts
        .filter((line) => line !== '' && !line.includes(':'))
        .join('')
        .replace(/\s+/g, ''),
    };
  });
}

const isEncrypted = ({ label, headers }: PemBlock) =>
  label === 'ENCRYPTED PRIVATE KEY' || headers.some((line) => /^Proc-Type:.*ENCRYPTED/.test(line));

function pem(label: string, body: string, headers: string[] = []): string {
  const head = headers.length > 0 ? `${headers.join('\n')}\n\n` : '';
  const lines = body.match(/.{1,64}/g)?.join('\n') ?? '';
  return `-----BEGIN ${label}-----\n${head}${lines}\n-----END ${label}-----\n`;
}

const unusable = (reason: string) => new ConfigurationError('privateKey', reason);
