import { constants, createHash, createPublicKey, publicEncrypt, webcrypto } from 'node:crypto';
import { http, type Reply } from './http.js';

const { subtle } = webcrypto;
const EC = { name: 'ECDSA', namedCurve: 'P-256' };
const SIGN = { name: 'ECDSA', hash: 'SHA-256' };

/** What a request of a device is made of; a test replaces parts to see them refused. */
export interface Signing {
  method?: string;
  path: string;
  body?: object;
  /** Seconds. */
  created?: number;
  nonce?: string;
  keyId?: string;
  token?: string;
  targetUri?: string;
  headers?: Record<string, string>;
}

export interface SignedCall {
  method: string;
  url: string;
  headers: Record<string, string>;
  body?: string;
}

/**
 * A device written from DEVICE-PROTOCOL.md alone, over WebCrypto as a browser has it: it shares no
 * code with what it tests.
 */
export class Device {
  readonly base: string;
  readonly keys: webcrypto.CryptoKeyPair;
  readonly now: () => number;
  id = '';
  token = '';
  username = '';

  constructor(base: string, keys: webcrypto.CryptoKeyPair, now: () => number = Date.now) {
    this.base = base;
    this.keys = keys;
    this.now = now;
  }

  /** `readable` makes keys that a test can take out of it, which a browser's are not. */
  static async make(
    base: string,
    now: () => number = Date.now,
    { readable = false } = {},
  ): Promise<Device> {
    return new Device(base, await makeKey({ readable }), now);
  }

  /** A device that is paired by a code or by the link's secret. */
  static async paired(base: string, code: string, now?: () => number): Promise<Device> {
    const device = await Device.make(base, now);
    const reply = await device.pair(code);
    if (reply.status !== 200) throw new Error(`pair: ${reply.status} ${reply.text}`);
    return device;
  }

  /** The same device, which finds its engine at another address. */
  at(base: string): Device {
    const { id, token, username } = this;
    return Object.assign(new Device(base, this.keys, this.now), { id, token, username });
  }

  async publicKey(): Promise<object> {
    return await publicJwk(this.keys.publicKey);
  }

  async pair(
    code: string,
    given: object = {},
    headers: Record<string, string> = {},
  ): Promise<Reply> {
    const publicKey = await this.publicKey();
    const body = { code, name: 'Phone', publicKey, ...given };
    const keyId = await jwkThumbprint(this.keys.publicKey);
    const reply = await this.send(
      await this.sign({ path: 'pair', body, keyId, token: '', headers }),
    );
    if (reply.status === 200) {
      this.id = reply.body.device.id;
      this.token = reply.body.token;
      this.username = reply.body.username;
    }
    return reply;
  }

  async sign(signing: Signing): Promise<SignedCall> {
    const { path, body, token = this.token, keyId = this.id } = signing;
    const {
      method = body === undefined ? 'GET' : 'POST',
      created = Math.floor(this.now() / 1000),
    } = signing;
    const nonce =
      signing.nonce ??
      Buffer.from(webcrypto.getRandomValues(new Uint8Array(16))).toString('base64url');
    const url = `${this.base}/authenticator/api/${path}`;
    const text = body === undefined ? undefined : JSON.stringify(body);
    const digest = text === undefined ? undefined : `sha-256=:${sha256(text)}:`;
    const components = ['"@method"', '"@target-uri"', ...(digest ? ['"content-digest"'] : [])];
    const parameters = `(${components.join(' ')});created=${created};nonce="${nonce}";alg="ecdsa-p256-sha256";keyid="${keyId}"`;
    const base = [
      `"@method": ${method}`,
      `"@target-uri": ${signing.targetUri ?? url}`,
      ...(digest ? [`"content-digest": ${digest}`] : []),
      `"@signature-params": ${parameters}`,
    ].join('\n');
    const signature = await signBytes(this.keys.privateKey, Buffer.from(base));
    return {
      method,
      url,
      body: text,
      headers: {
        ...(token && { authorization: `LaunchKey-Device ${token}` }),
        ...(digest && { 'content-type': 'application/json', 'content-digest': digest }),
        'signature-input': `launchkey=${parameters}`,
        signature: `launchkey=:${signature}:`,
        ...signing.headers,
      },
    };
  }

  async send({ url, ...call }: SignedCall, signal?: AbortSignal): Promise<Reply> {
    return await http(url, { ...call, signal });
  }

  async post(path: string, body: object = {}): Promise<Reply> {
    return await this.send(await this.sign({ path, body }));
  }

  async state(known?: string, wait = 25, signal?: AbortSignal): Promise<Reply> {
    const headers: Record<string, string> = known
      ? { prefer: `wait=${wait}`, 'if-none-match': `"${known}"` }
      : {};
    return await this.send(await this.sign({ path: 'state', headers }), signal);
  }

  /** The body of an answer to a request, as `state` shows it. */
  // biome-ignore lint/suspicious/noExplicitAny: requests are whatever the engine under test sends.
  answerBody(request: any, approved: boolean, given: Record<string, unknown> = {}): any {
    const reason = approved ? undefined : (given.reason ?? 'disapproved');
    const authPackage = {
      auth_request: request.authRequest,
      response: String(approved),
      device_id: this.id,
      app_pins: '',
      ...(reason !== undefined && { reason }),
    };
    return {
      authRequest: request.authRequest,
      approved,
      reason,
      auth: sealFor(request.app.publicKey, JSON.stringify(authPackage)),
      keyDigest: sha256(Buffer.from(request.app.publicKey, 'base64')),
      ...given,
    };
  }

  /** Answers the oldest open request. */
  async answer(approved: boolean, given: Record<string, unknown> = {}): Promise<Reply> {
    const { requests } = (await this.state()).body;
    return await this.post('answer', this.answerBody(requests[0], approved, given));
  }

  /** What the proofs of an approval are over. */
  challenge({ authRequest, auth }: { authRequest: string; auth: string }): Buffer {
    return createHash('sha256')
      .update(`launchkey-answer\n${authRequest}\n${this.id}\ntrue\n${auth}`)
      .digest();
  }
}

/** A text as only the application of that public key (SPKI, base64) can read it, in base64. */
export function sealFor(publicKey: string, text: string): string {
  const spki = Buffer.from(publicKey, 'base64');
  const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  const padding = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' };
  return publicEncrypt({ key, ...padding }, Buffer.from(text)).toString('base64');
}

/** A second key of a device, as its PIN unwraps it. */
export async function makeKey({ readable = false } = {}): Promise<webcrypto.CryptoKeyPair> {
  return await subtle.generateKey(EC, readable, ['sign', 'verify']);
}

export async function signBytes(key: webcrypto.CryptoKey, data: Uint8Array): Promise<string> {
  return Buffer.from(await subtle.sign(SIGN, key, data)).toString('base64');
}

export async function publicJwk(key: webcrypto.CryptoKey): Promise<object> {
  const { kty, crv, x, y } = await subtle.exportKey('jwk', key);
  return { kty, crv, x, y };
}

export async function jwkThumbprint(key: webcrypto.CryptoKey): Promise<string> {
  const { crv, kty, x, y } = await subtle.exportKey('jwk', key);
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
}

function sha256(text: string | Buffer): string {
  return createHash('sha256').update(text).digest('base64');
}
