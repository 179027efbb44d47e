import { hash } from 'node:crypto';
import { sameDigest } from '../../crypto/digest.js';
import type { SignedRequest } from '../../domain/signed-request.js';
import { DeviceError } from './device-error.js';

/** The signed parts of a request, as the device sees them. */
export interface RequestParts {
  method: string;
  /** The URL with its query. */
  targetUri: string;
  /** Empty for a request without a body. */
  body: Uint8Array;
  headers: Record<string, string | string[] | undefined>;
}

const WITH_BODY = '("@method" "@target-uri" "content-digest")';
const WITHOUT_BODY = '("@method" "@target-uri")';
/** Only the canonical form is accepted: the header can then be copied into the signature base. */
const INPUT =
  /^launchkey=((\([^)]{1,60}\));created=(\d{1,12});nonce="([A-Za-z0-9_-]{16,64})";alg="ecdsa-p256-sha256";keyid="([A-Za-z0-9_-]{1,64})")$/;
const SIGNATURE = /^launchkey=:([A-Za-z0-9+/]{86}==):$/;
const DIGEST = /^sha-256=:([A-Za-z0-9+/]{43}=):$/;

/**
 * Reads the signature of a request and rebuilds its signature base. It checks that the body is the
 * signed one, and leaves the signature to the code that knows the key.
 */
export function readSignature({ method, targetUri, body, headers }: RequestParts): SignedRequest {
  const [, parameters, components, created, nonce, keyId] =
    INPUT.exec(header(headers['signature-input'])) ?? [];
  const [, signature] = SIGNATURE.exec(header(headers.signature)) ?? [];
  if (!parameters || !nonce || !keyId || !signature) {
    throw malformed(
      'The headers Signature-Input and Signature must have the form of the device protocol.',
    );
  }
  const lines = [`"@method": ${method}`, `"@target-uri": ${targetUri}`];
  if (components === WITH_BODY) {
    lines.push(`"content-digest": ${checkedDigest(headers['content-digest'], body)}`);
  } else if (components !== WITHOUT_BODY || body.length > 0) {
    throw malformed(`The signature must cover ${body.length > 0 ? WITH_BODY : WITHOUT_BODY}.`);
  }
  lines.push(`"@signature-params": ${parameters}`);
  return { created: Number(created), nonce, keyId, base: lines.join('\n'), signature };
}

function checkedDigest(value: string | string[] | undefined, body: Uint8Array): string {
  const text = header(value);
  const [, digest] = DIGEST.exec(text) ?? [];
  if (!digest || !sameDigest(digest, hash('sha256', body, 'base64'))) {
    throw malformed('Content-Digest must be the SHA-256 of the body, as sha-256=:BASE64:.');
  }
  return text;
}

function header(value: string | string[] | undefined): string {
  return typeof value === 'string' ? value : '';
}

function malformed(message: string): DeviceError {
  return new DeviceError('signature', message);
}
