import type { KeyObject } from 'node:crypto';
import {
  type Answer,
  type AuthorizeOptions,
  CallFailed,
  formatTime,
  messageCode,
  type Reply,
  readPublicKey,
  SdkProcess,
} from './sdk-process.js';

const KEY_AGE_MS = 60_000;
const PENDING = 70403;

/**
 * A client of launchkey-php 1.x with a cache that keeps the ping key for a minute: forms for every
 * call, polls included, the stamps of its machine's clock, and `response` unwrapped where there is one.
 */
export class Php1Process extends SdkProcess {
  readonly name = 'PHP 1.x';
  private key: KeyObject | undefined;
  private keyUntil = 0;

  async authorize(username: string, { session }: AuthorizeOptions): Promise<string> {
    const fields = { username, session: session ? '1' : '0', user_push_id: '1' };
    return (await this.submit('POST', '/auths', fields)).auth_request as string;
  }

  async fetchAnswer(authRequest: string): Promise<Answer | undefined> {
    const query = new URLSearchParams({ METHOD: 'GET' });
    try {
      const data = await this.submit('POST', '/poll', { auth_request: authRequest }, query);
      if (data.user_push_id === undefined) throw new CallFailed(0, 'Undefined index: user_push_id');
      return { auth: data.auth as string, userHash: data.user_hash as string };
    } catch (error) {
      if ((error as CallFailed).code === PENDING) return undefined;
      throw error;
    }
  }

  /** Reports approvals alone. */
  async readAnswer(authRequest: string, { auth }: Answer): Promise<boolean> {
    const answer = JSON.parse(this.decrypt(Buffer.from(auth, 'base64')));
    if (answer.auth_request !== authRequest) {
      throw new CallFailed(0, 'Invalid auth callback auth_request values did not match');
    }
    const approved = answer.response === 'true' || answer.response === true;
    if (approved) await this.report(authRequest, 'Authenticate');
    return approved;
  }

  /** Does not look at the time of the event. */
  async readLogout(event: URLSearchParams): Promise<string | undefined> {
    const text = event.get('deorbit') ?? '';
    const signature = Buffer.from(event.get('signature') ?? '', 'base64');
    if (!this.verify(text, signature, await this.publicKey())) return undefined;
    return JSON.parse(text).user_hash;
  }

  async endSession(authRequest: string): Promise<void> {
    await this.report(authRequest, 'Revoke');
  }

  private async report(authRequest: string, action: string): Promise<void> {
    await this.submit('PUT', '/logs', { auth_request: authRequest, action, status: 'True' });
  }

  private async submit(
    method: 'POST' | 'PUT',
    path: string,
    fields: Record<string, string>,
    query?: URLSearchParams,
  ): Promise<Record<string, unknown>> {
    const { appKey, secretKey } = this.host.credentials;
    const text = JSON.stringify({ secret: secretKey, stamped: formatTime(this.host.now()) });
    const { secret, signature } = await this.seal(text, await this.publicKey());
    const body = new URLSearchParams({
      app_key: appKey,
      secret_key: secret.toString('base64'),
      signature: signature.toString('base64'),
      ...fields,
    }).toString();
    const contentType = 'application/x-www-form-urlencoded; charset=utf-8';
    return this.read(await this.send({ method, path, query, body, contentType }));
  }

  private async publicKey(): Promise<KeyObject> {
    if (!this.key || this.host.now() >= this.keyUntil) {
      const { key } = this.read(await this.send({ method: 'GET', path: '/ping' }));
      this.key = readPublicKey(key as string);
      this.keyUntil = this.host.now() + KEY_AGE_MS;
    }
    return this.key;
  }

  private read({ status, text }: Reply): Record<string, unknown> {
    if (status >= 500) throw new CallFailed(status, 'Error performing request');
    if (status >= 400) throw new CallFailed(messageCode(text) || status, text);
    const data = JSON.parse(text);
    return data.response ?? data;
  }
}
