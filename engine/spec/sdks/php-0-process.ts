import type { KeyObject } from 'node:crypto';
import {
  type Answer,
  type AuthorizeOptions,
  CallFailed,
  formatTime,
  messageCode,
  parseTime,
  type Reply,
  readPublicKey,
  SdkProcess,
} from './sdk-process.js';

const KEY_AGE_MS = 300_000;
const LOGOUT_AGE_MS = 5 * 60_000;
const PENDING = 70403;

/**
 * A client of launchkey-php 0.x: forms on POST and PUT, the query on GET, a ping every five minutes.
 * False becomes an empty field of a form.
 */
export class Php0Process extends SdkProcess {
  readonly name = 'PHP 0.x';
  private key: KeyObject | undefined;
  private pingedAt = 0;
  /** Whole seconds, in milliseconds. */
  private difference = 0;

  async authorize(username: string, { session }: AuthorizeOptions): Promise<string> {
    const fields = { username, session: phpBoolean(session), user_push_id: phpBoolean(false) };
    return JSON.parse((await this.submit('POST', '/auths', fields)).text).auth_request;
  }

  async fetchAnswer(authRequest: string): Promise<Answer | undefined> {
    const query = new URLSearchParams({ auth_request: authRequest, ...(await this.envelope()) });
    try {
      const reply = this.read(await this.send({ method: 'GET', path: '/poll', query }));
      const { auth, user_hash } = JSON.parse(reply.text);
      return { auth, userHash: user_hash };
    } catch (error) {
      if ((error as CallFailed).code === PENDING) return undefined;
      throw error;
    }
  }

  async readAnswer(authRequest: string, { auth }: Answer): Promise<boolean> {
    const answer = JSON.parse(this.decrypt(Buffer.from(auth, 'base64')));
    const approved =
      ['1', 'true', 'on', 'yes'].includes(String(answer.response).toLowerCase()) &&
      answer.auth_request === authRequest;
    const status = approved ? phpBoolean(true) : '0';
    const report = { action: 'Authenticate', status, auth_request: answer.auth_request };
    await this.submit('PUT', '/logs', report);
    return approved;
  }

  /**
   * Its own `deorbit()` reads the text as base64 before it verifies the signature, so it never trusts
   * an event. An application calls the SDK's `verify()` with the text in base64 instead.
   */
  async readLogout(event: URLSearchParams): Promise<string | undefined> {
    if (!this.key) await this.ping();
    const text = event.get('deorbit') ?? '';
    const signature = Buffer.from(event.get('signature') ?? '', 'base64');
    if (!this.verify(text, signature, this.key as KeyObject)) return undefined;
    const { launchkey_time, user_hash } = JSON.parse(text);
    const age = this.host.now() - (parseTime(launchkey_time) - this.difference);
    return age < LOGOUT_AGE_MS ? user_hash : undefined;
  }

  async endSession(authRequest: string): Promise<void> {
    const report = { action: 'Revoke', status: phpBoolean(true), auth_request: authRequest };
    await this.submit('PUT', '/logs', report);
  }

  private async submit(
    method: 'POST' | 'PUT',
    path: string,
    fields: Record<string, string>,
  ): Promise<Reply> {
    const body = new URLSearchParams({ ...fields, ...(await this.envelope()) }).toString();
    const contentType = 'application/x-www-form-urlencoded; charset=utf-8';
    return this.read(await this.send({ method, path, body, contentType }));
  }

  private async envelope(): Promise<Record<string, string>> {
    if (!this.key || this.host.now() - this.pingedAt > KEY_AGE_MS) await this.ping();
    const { appKey, secretKey } = this.host.credentials;
    const stamped = formatTime(this.host.now() + this.difference);
    const text = JSON.stringify({ secret: secretKey, stamped });
    const { secret, signature } = await this.seal(text, this.key as KeyObject);
    return {
      app_key: appKey,
      secret_key: secret.toString('base64'),
      signature: signature.toString('base64'),
    };
  }

  private async ping(): Promise<void> {
    this.pingedAt = wholeSecond(this.host.now());
    const { text } = this.read(await this.send({ method: 'GET', path: '/ping' }));
    const { key, launchkey_time } = JSON.parse(text);
    this.key = readPublicKey(key);
    this.difference = parseTime(launchkey_time) - wholeSecond(this.host.now());
  }

  private read(reply: Reply): Reply {
    if (reply.status < 400) return reply;
    throw new CallFailed(messageCode(reply.text), reply.text);
  }
}

/** PHP's cast of a boolean to a text. */
function phpBoolean(value: boolean): string {
  return value ? '1' : '';
}

function wholeSecond(time: number): number {
  return time - (time % 1000);
}
