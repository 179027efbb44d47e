import { base64, base64url, sha256, utf8 } from './bytes.js';
import { sign } from './keys.js';

/** Who signs. */
export interface Signer {
  key: CryptoKey;
  keyId: string;
  /** None while pairing. */
  token?: string;
}

export interface Call {
  url: string;
  /** With a body it is a POST, without one a GET. */
  body?: object;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** Sends a request with the signature (RFC 9421) that the engine asks of devices; `now` is the engine's time. */
export async function signedFetch(signer: Signer, call: Call, now: number): Promise<Response> {
  const method = call.body === undefined ? 'GET' : 'POST';
  const body = call.body && JSON.stringify(call.body);
  const digest = body && `sha-256=:${base64(await sha256(utf8(body)))}:`;
  const lines = [`"@method": ${method}`, `"@target-uri": ${call.url}`];
  const components = ['"@method"', '"@target-uri"'];
  if (digest) {
    lines.push(`"content-digest": ${digest}`);
    components.push('"content-digest"');
  }
  const nonce = base64url(crypto.getRandomValues(new Uint8Array(18)));
  const parameters =
    `(${components.join(' ')});created=${Math.floor(now / 1000)};nonce="${nonce}"` +
    `;alg="ecdsa-p256-sha256";keyid="${signer.keyId}"`;
  lines.push(`"@signature-params": ${parameters}`);
  const signature = await sign(signer.key, utf8(lines.join('\n')));
  return await fetch(call.url, {
    method,
    body,
    signal: call.signal,
    headers: {
      ...call.headers,
      ...(signer.token && { authorization: `LaunchKey-Device ${signer.token}` }),
      ...(digest && { 'content-type': 'application/json', 'content-digest': digest }),
      'signature-input': `launchkey=${parameters}`,
      signature: `launchkey=:${signature}:`,
    },
    cache: 'no-store',
    credentials: 'omit',
    redirect: 'error',
  });
}
