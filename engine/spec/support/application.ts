import {
  constants,
  createDecipheriv,
  createPublicKey,
  privateDecrypt,
  publicEncrypt,
  sign,
} from 'node:crypto';
import type { AppCredentials } from '../../lib/index.js';
import { http, type Reply } from './http.js';

const OAEP = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' };

export type Parameters = Record<string, string>;

export function stamp(time: number): string {
  return new Date(time).toISOString().slice(0, 19).replace('T', ' ');
}

/**
 * A LaunchKey application, written from the description of the wire alone: it shares no code with
 * what it tests.
 */
export class Application {
  readonly url: string;
  readonly credentials: AppCredentials;
  private pingKey: string | undefined;

  constructor(engineUrl: string, credentials: AppCredentials) {
    this.url = `${engineUrl}/v1`;
    this.credentials = credentials;
  }

  async ping(): Promise<Reply> {
    const reply = await http(`${this.url}/ping`);
    this.pingKey = reply.body.key.replace(/\n\n/g, '\n');
    return reply;
  }

  /** An envelope around `text`, by default the JSON that most clients write. */
  async envelope(
    text = JSON.stringify({ secret: this.credentials.secretKey, stamped: stamp(Date.now()) }),
  ): Promise<Parameters> {
    if (!this.pingKey) await this.ping();
    const key = createPublicKey(this.pingKey ?? '');
    return this.wrap(publicEncrypt({ key, ...OAEP }, Buffer.from(text)));
  }

  /** An envelope around any ciphertext, signed as it should be. */
  wrap(ciphertext: Buffer): Parameters {
    return {
      app_key: this.credentials.appKey,
      secret_key: ciphertext.toString('base64'),
      signature: this.sign(ciphertext),
    };
  }

  sign(data: Buffer | string): string {
    return sign('sha256', Buffer.from(data), this.credentials.privateKey).toString('base64');
  }

  async stamped(time: number): Promise<Parameters> {
    return await this.envelope(
      JSON.stringify({ secret: this.credentials.secretKey, stamped: stamp(time) }),
    );
  }

  async auths(parameters: Parameters): Promise<Reply> {
    return await this.form('POST', '/auths', { ...(await this.envelope()), ...parameters });
  }

  async authorize(username: string, parameters: Parameters = {}): Promise<string> {
    const reply = await this.auths({ username, ...parameters });
    if (reply.status !== 200) throw new Error(`auths: ${reply.status} ${reply.text}`);
    return reply.body.auth_request;
  }

  async poll(
    authRequest: string,
    options: { wait?: number; signal?: AbortSignal; stamped?: number } = {},
  ): Promise<Reply> {
    const { wait, signal, stamped = Date.now() } = options;
    const query = new URLSearchParams({
      ...(await this.stamped(stamped)),
      auth_request: authRequest,
    });
    const headers: Record<string, string> = wait ? { prefer: `wait=${wait}` } : {};
    return await http(`${this.url}/poll?${query}`, { headers, signal });
  }

  async log(authRequest: string, action: string, status = 'True'): Promise<Reply> {
    const report = { auth_request: authRequest, action, status };
    return await this.form('PUT', '/logs', { ...(await this.envelope()), ...report });
  }

  async form(method: string, path: string, parameters: Parameters): Promise<Reply> {
    return await http(this.url + path, {
      method,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(parameters).toString(),
    });
  }

  async createWhiteLabelUser(identifier: string): Promise<Reply> {
    return await this.signedBody('/users', { identifier });
  }

  async whiteLabelDevices(identifier: string, change: object = {}): Promise<Reply> {
    return await this.signedBody('/users/devices', { identifier, ...change });
  }

  private async signedBody(path: string, members: object): Promise<Reply> {
    const { app_key, secret_key } = await this.envelope();
    const body = JSON.stringify({ app_key, secret_key, ...members });
    const query = new URLSearchParams({ signature: this.sign(body) });
    const headers = { 'content-type': 'application/json' };
    return await http(`${this.url}${path}?${query}`, { method: 'POST', headers, body });
  }

  // biome-ignore lint/suspicious/noExplicitAny: the package is what the engine under test made.
  decryptAuth(auth: string): any {
    return JSON.parse(this.decrypt(Buffer.from(auth, 'base64')).toString('utf8'));
  }

  decryptWhiteLabel(response: { cipher: string; data: string }): { text: string; key: Buffer } {
    const key = this.decrypt(Buffer.from(response.cipher, 'base64'));
    const aes = createDecipheriv('aes-256-cbc', key.subarray(0, 32), key.subarray(32));
    aes.setAutoPadding(false);
    const text = aes.update(response.data, 'base64', 'utf8') + aes.final('utf8');
    return { text, key };
  }

  private decrypt(data: Buffer): Buffer {
    return privateDecrypt({ key: this.credentials.privateKey, ...OAEP }, data);
  }
}
