import { hash } from 'node:crypto';
import { sameDigest } from '../crypto/digest.js';
import { DeviceRefusal } from './device-refusal.js';

/** What a signature by RFC 9421 says of a request, before it has been verified. */
export interface SignedRequest {
  /** Seconds, on the engine's clock as the device knows it. */
  created: number;
  nonce: string;
  keyId: string;
  /** The text that was signed (RFC 9421, section 2.5). */
  base: string;
  /** Base64. */
  signature: string;
}

/** The parts of a request that are signed, as the device sees them. */
export interface RequestParts {
  method: string;
  /** The whole URL, with its query. */
  targetUri: string;
  /** Empty where there is none. */
  body: Uint8Array;
  headers: Record<string, string | string[] | undefined>;
}

const WITH_BODY = '("@method" "@target-uri" "content-digest")';
const WITHOUT_BODY = '("@method" "@target-uri")';
/**
 * The one form that is taken, which is the canonical one, so that the text as it came can stand in the
 * signature base.
 */
const INPUT =
  /^launchkey=((\([^)]{1,60}\));created=(\d{1,12});nonce="([A-Za-z0-9_-]{16,64})";alg="ecdsa-p256-sha256";keyid="([A-Za-z0-9_-]{1,64})")$/;
const SIGNATURE = /^launchkey=:([A-Za-z0-9+/]{86}==):$/;
const DIGEST = /^sha-256=:([A-Za-z0-9+/]{43}=):$/;

/**
 * Reads the signature of a request and rebuilds what was signed. Whether the body is the one that was
 * signed is checked here; whether the signature holds, by whoever knows the key.
 */
export function readSignature({ method, targetUri, body, headers }: RequestParts): SignedRequest {
  const [, parameters, components, created, nonce, keyId] =
    INPUT.exec(header(headers['signature-input'])) ?? [];
  const [, signature] = SIGNATURE.exec(header(headers.signature)) ?? [];
  if (!parameters || !nonce || !keyId || !signature) {
    throw refused(
      'The headers Signature-Input and Signature must be of the form that the device protocol gives.',
    );
  }
  const lines = [`"@method": ${method}`, `"@target-uri": ${targetUri}`];
  if (components === WITH_BODY) {
    lines.push(`"content-digest": ${checkedDigest(headers['content-digest'], body)}`);
  } else if (components !== WITHOUT_BODY || body.length > 0) {
    throw refused(`The signature must cover ${body.length > 0 ? WITH_BODY : WITHOUT_BODY}.`);
  }
  lines.push(`"@signature-params": ${parameters}`);
  return { created: Number(created), nonce, keyId, base: lines.join('\n'), signature };
}

function checkedDigest(value: string | string[] | undefined, body: Uint8Array): string {
  const text = header(value);
  const [, digest] = DIGEST.exec(text) ?? [];
  if (!digest || !sameDigest(digest, hash('sha256', body, 'base64'))) {
    throw refused('Content-Digest must be the SHA-256 of the body: sha-256=:BASE64:.');
  }
  return text;
}

function header(value: string | string[] | undefined): string {
  return typeof value === 'string' ? value : '';
}

function refused(message: string): DeviceRefusal {
  return new DeviceRefusal('signature', message);
}
