import { createPrivateKey, createPublicKey, KeyObject, sign, verify } from 'node:crypto';
import { KEYUTIL } from 'jsrsasign';
import { ConfigurationError } from '../errors.js';
import { type PemBlock, parsePem, writePem } from './pem.js';

/** A private key: the text of a PEM file, the bytes of a PEM file, or a `KeyObject`. */
export type KeyInput = string | Uint8Array | KeyObject;

const MIN_BITS = 2048;
const PROBE = Buffer.from('probe');

/**
 * Reads an RSA private key of at least 2048 bits: PKCS#1 or PKCS#8, plain or encrypted.
 *
 * @throws ConfigurationError that names `privateKey` or `passphrase`.
 */
export function readPrivateKey(input: KeyInput | undefined, passphrase?: string): KeyObject {
  const key = input instanceof KeyObject ? input : fromPem(textOf(input), passphrase);
  if (key.type !== 'private') throw isPublic();
  const { asymmetricKeyType, asymmetricKeyDetails } = key;
  if (asymmetricKeyType !== 'rsa') throw wrongType(asymmetricKeyType);
  const bits = asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < MIN_BITS) {
    throw unusable(`has ${bits} bits. At least ${MIN_BITS} are needed. Create a new key pair.`);
  }
  if (!isWhole(key)) throw damaged();
  return key;
}

/**
 * Reads an RSA public key of at least 2048 bits, with all the irregularities of engines: blank
 * lines, other line ends, a label that does not fit the content, text before the key.
 *
 * @returns `null` for anything else.
 */
export function readPublicKey(text: string): KeyObject | null {
  const block = parsePem(text).find(({ label }) => label.endsWith('PUBLIC KEY'));
  if (!block) return null;
  const der = Buffer.from(block.base64, 'base64');
  const key = firstRead([
    () => createPublicKey({ key: der, format: 'der', type: 'spki' }),
    () => createPublicKey({ key: der, format: 'der', type: 'pkcs1' }),
    () => publicByJsrsasign(block),
  ]);
  if (key?.asymmetricKeyType !== 'rsa') return null;
  return (key.asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_BITS ? key : null;
}

function textOf(input: unknown): string {
  if (input === undefined || input === null || input === '') throw missing();
  // `instanceof Uint8Array` is false for arrays of another realm, such as Jest's.
  const text = ArrayBuffer.isView(input) ? decode(input) : input;
  if (typeof text !== 'string') {
    throw unusable(`is of type ${typeof text}. It must be a PEM string, a Buffer or a KeyObject.`);
  }
  if (text.trim() === '') {
    throw unusable('is empty. Pass the content of the private key file.');
  }
  return text;
}

/** Decodes UTF-8, or the UTF-16 in which older PowerShells write files. */
function decode(view: ArrayBufferView): string {
  const bytes = Buffer.from(view.buffer, view.byteOffset, view.byteLength);
  return bytes.toString(bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf16le' : 'utf8');
}

function fromPem(text: string, passphrase: string | undefined): KeyObject {
  const blocks = parsePem(text);
  const block = blocks.find(({ label }) => label.endsWith('PRIVATE KEY')) ?? blocks[0];
  if (!block) {
    throw unusable(
      'holds no PEM text ("-----BEGIN …"). Pass the content of the file, not its path.',
    );
  }
  refuseOtherKinds(block.label);
  if (block.dekInfo !== undefined) return fromEncryptedPkcs1(block, passphrase);
  const der = Buffer.from(block.base64, 'base64');
  return isEncryptedPkcs8(der) ? fromEncryptedPkcs8(der, passphrase) : fromPlain(block, der);
}

function refuseOtherKinds(label: string): void {
  if (label.endsWith('PUBLIC KEY')) throw isPublic();
  if (label.includes('CERTIFICATE')) {
    throw unusable("is a certificate. Pass the application's private key instead.");
  }
  if (label === 'EC PRIVATE KEY') throw wrongType('ec');
  if (label === 'OPENSSH PRIVATE KEY') {
    throw unusable('is in OpenSSH format. Convert it to PEM with "ssh-keygen -p -m PEM -f FILE".');
  }
  if (!['RSA PRIVATE KEY', 'PRIVATE KEY', 'ENCRYPTED PRIVATE KEY'].includes(label)) {
    throw unusable(
      'is PEM text of another kind. An RSA private key in PKCS#1 or PKCS#8 is needed.',
    );
  }
}

/** The label decides nothing: PKCS#8 is found under `RSA PRIVATE KEY`, and the other way round. */
function fromPlain(block: PemBlock, der: Buffer): KeyObject {
  const key = firstRead([
    () => createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }),
    () => createPrivateKey({ key: der, format: 'der', type: 'pkcs1' }),
    () => privateByJsrsasign(writePem(block)),
  ]);
  if (!key) throw damaged();
  return key;
}

/** Encrypted as OpenSSL did before 1.0: the label is PKCS#1's, the headers name the cipher. */
function fromEncryptedPkcs1(block: PemBlock, passphrase: string | undefined): KeyObject {
  const secret = checkPassphrase(passphrase);
  const text = writePem({ ...block, label: 'RSA PRIVATE KEY' });
  const key = firstRead([
    () => createPrivateKey({ key: text, passphrase: secret }),
    // Node refuses single DES. With a wrong passphrase jsrsasign may return a key that is no key.
    () => wholeOrNull(privateByJsrsasign(text, secret)),
  ]);
  if (!key) throw wrongPassphrase();
  return key;
}

/**
 * Only node:crypto reads these. jsrsasign knows none of their ciphers that node refuses, and its key
 * derivation would block the process for seconds (100,000 rounds).
 */
function fromEncryptedPkcs8(der: Buffer, passphrase: string | undefined): KeyObject {
  const secret = checkPassphrase(passphrase);
  const key = firstRead([
    () => createPrivateKey({ key: der, format: 'der', type: 'pkcs8', passphrase: secret }),
  ]);
  if (!key) throw wrongPassphrase();
  return key;
}

/**
 * `EncryptedPrivateKeyInfo` begins with the sequence that names its algorithm (RFC 5958, section 3),
 * all other keys begin with a version number.
 */
function isEncryptedPkcs8(der: Buffer): boolean {
  const sequence = 0x30;
  const lengthByte = der[1] ?? 0;
  const contentAt = lengthByte < 0x80 ? 2 : 2 + (lengthByte & 0x7f);
  return der[0] === sequence && der[contentAt] === sequence;
}

function checkPassphrase(passphrase: unknown): string {
  if (passphrase === undefined || passphrase === '') {
    throw new ConfigurationError(
      'passphrase',
      'is missing, but privateKey is encrypted. Pass the passphrase of the key.',
    );
  }
  if (typeof passphrase !== 'string') {
    throw new ConfigurationError(
      'passphrase',
      `is of type ${typeof passphrase}. It must be a string.`,
    );
  }
  return passphrase;
}

/** Returns the first key that can be read. Errors are dropped, since they may quote the key. */
function firstRead(readers: ReadonlyArray<() => KeyObject | null>): KeyObject | null {
  for (const read of readers) {
    try {
      const key = read();
      if (key) return key;
    } catch {}
  }
  return null;
}

function privateByJsrsasign(text: string, passphrase?: string): KeyObject | null {
  const key = KEYUTIL.getKey(text, passphrase);
  return 'isPrivate' in key && 'n' in key
    ? createPrivateKey(KEYUTIL.getPEM(key, 'PKCS8PRV'))
    : null;
}

function publicByJsrsasign({ base64 }: PemBlock): KeyObject | null {
  const key = KEYUTIL.getKey(writePem({ label: 'PUBLIC KEY', base64 }));
  return 'n' in key ? createPublicKey(KEYUTIL.getPEM(key)) : null;
}

const wholeOrNull = (key: KeyObject | null) => (key && isWhole(key) ? key : null);

/** A wrong character can leave a key readable whose signatures do not verify. */
function isWhole(key: KeyObject): boolean {
  try {
    return verify('sha256', PROBE, createPublicKey(key), sign('sha256', PROBE, key));
  } catch {
    return false;
  }
}

const unusable = (reason: string) => new ConfigurationError('privateKey', reason);

const missing = () => unusable("is missing. Pass the application's RSA private key as PEM text.");

const isPublic = () => unusable("is a public key. Pass the application's private key instead.");

const wrongType = (type: string | undefined) =>
  unusable(`is a key of type ${type}. An RSA key of at least ${MIN_BITS} bits is needed.`);

const damaged = () =>
  unusable('is not readable as an RSA private key: it is damaged. Copy the key file again.');

const wrongPassphrase = () =>
  new ConfigurationError(
    'passphrase',
    'does not open privateKey: it is wrong, the key is damaged, or Node cannot read its cipher. Check the passphrase with "openssl pkey -in FILE".',
  );
