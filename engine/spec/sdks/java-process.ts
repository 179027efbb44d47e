import { createDecipheriv, type KeyObject } from 'node:crypto';
import {
  type Answer,
  type AuthorizeOptions,
  CallFailed,
  formatTime,
  type Reply,
  readPublicKey,
  SdkProcess,
} from './sdk-process.js';

const KEY_AGE_MS = 300_000;
const LOGOUT_AGE_MS = 300_000;
const PENDING = 70403;

/**
 * A client of launchkey-java 2.2: forms in ISO-8859-1 that do not say so, JSON in UTF-8, the stamps of
 * its machine's clock, and errors that it reads for the statuses 400 to 403 only.
 */
export class JavaProcess extends SdkProcess {
  readonly name = 'Java 2.2';
  override readonly sendsContext = true;
  private key: KeyObject | undefined;
  private keyUntil = 0;

  async authorize(username: string, { session, context }: AuthorizeOptions): Promise<string> {
    const fields = {
      username,
      ...(await this.envelope()),
      session: session ? '1' : '0',
      user_push_id: '1',
      ...(context && { context }),
    };
    return JSON.parse(await this.submit('POST', '/auths', fields)).auth_request;
  }

  async fetchAnswer(authRequest: string): Promise<Answer | undefined> {
    const query = new URLSearchParams({ auth_request: authRequest, ...(await this.envelope()) });
    try {
      const text = this.read(await this.send({ method: 'GET', path: '/poll', query }));
      const { auth, user_hash } = JSON.parse(text);
      return { auth, userHash: user_hash };
    } catch (error) {
      if ((error as CallFailed).code === PENDING) return undefined;
      throw error;
    }
  }

  async readAnswer(authRequest: string, { auth }: Answer): Promise<boolean> {
    const answer = JSON.parse(this.decrypt(Buffer.from(auth, 'base64')));
    if (answer.auth_request !== authRequest) {
      throw new CallFailed(0, 'Requested auth request ID did not match the response');
    }
    // Jackson makes a boolean of either, and of no other text.
    const approved = answer.response === 'true' || answer.response === true;
    await this.report(authRequest, 'Authenticate', approved);
    return approved;
  }

  async readLogout(event: URLSearchParams): Promise<string | undefined> {
    const text = event.get('deorbit') ?? '';
    const signature = Buffer.from(event.get('signature') ?? '', 'base64');
    if (!this.verify(text, signature, await this.publicKey())) return undefined;
    const { api_time, user_hash } = JSON.parse(text);
    const now = this.host.now() - (this.host.now() % 1000);
    return Date.parse(api_time) + LOGOUT_AGE_MS < now ? undefined : user_hash;
  }

  async endSession(authRequest: string): Promise<void> {
    await this.report(authRequest, 'Revoke', true);
  }

  /** Creates a white label user and returns the code that pairs a phone: the only call with JSON. */
  async linkUser(identifier: string): Promise<string> {
    const { app_key, secret_key } = await this.envelope();
    const body = `{"app_key":${app_key},"secret_key":"${secret_key}","identifier":${JSON.stringify(identifier)}}`;
    const signature = (await this.sign(Buffer.from(body))).toString('base64');
    const query = new URLSearchParams({ signature });
    const contentType = 'application/json';
    const reply = await this.send({ method: 'POST', path: '/users', query, body, contentType });
    const { cipher, data } = JSON.parse(this.read(reply)).response;
    const key = this.decrypt(Buffer.from(cipher, 'base64'));
    const aes = createDecipheriv('aes-256-cbc', key.slice(0, 32), key.slice(32, 48));
    aes.setAutoPadding(false);
    return JSON.parse(aes.update(data, 'base64', 'utf8') + aes.final('utf8')).code;
  }

  private async report(authRequest: string, action: string, status: boolean): Promise<void> {
    const report = { action, status: String(status), auth_request: authRequest };
    await this.submit('PUT', '/logs', { ...report, ...(await this.envelope()) });
  }

  private async submit(
    method: 'POST' | 'PUT',
    path: string,
    fields: Record<string, string>,
  ): Promise<string> {
    const body = latin1Form(fields);
    const contentType = 'application/x-www-form-urlencoded';
    return this.read(await this.send({ method, path, body, contentType }));
  }

  private async envelope(): Promise<{ app_key: string; secret_key: string; signature: string }> {
    const { appKey, secretKey } = this.host.credentials;
    const text = JSON.stringify({ secret: secretKey, stamped: formatTime(this.host.now()) });
    const { secret, signature } = await this.seal(text, await this.publicKey());
    return {
      app_key: appKey,
      secret_key: secret.toString('base64'),
      signature: signature.toString('base64'),
    };
  }

  private async publicKey(): Promise<KeyObject> {
    if (!this.key || this.host.now() >= this.keyUntil) {
      const text = this.read(await this.send({ method: 'GET', path: '/ping' }));
      const { fingerprint, api_time, key } = JSON.parse(text);
      if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(api_time) || typeof fingerprint !== 'string') {
        throw new CallFailed(0, 'Error parsing response body');
      }
      this.key = readPublicKey(key);
      this.keyUntil = this.host.now() + KEY_AGE_MS;
    }
    return this.key;
  }

  private read({ status, text }: Reply): string {
    if (status >= 200 && status < 300) return text;
    if (status >= 400 && status < 404) {
      const { message_code, message } = JSON.parse(text);
      throw new CallFailed(message_code || status, JSON.stringify(message));
    }
    throw new CallFailed(status, 'CommunicationErrorException');
  }
}

/** A form whose fields are encoded byte by byte in ISO-8859-1; what that does not have becomes `?`. */
function latin1Form(fields: Record<string, string>): string {
  const encode = (text: string) =>
    [...Buffer.from(text.replace(/[^\0-\xff]/gu, '?'), 'latin1')]
      .map((byte) => {
        const character = String.fromCharCode(byte);
        if (/[\w.*-]/.test(character)) return character;
        return character === ' ' ? '+' : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
      })
      .join('');
  return Object.entries(fields)
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .join('&');
}
