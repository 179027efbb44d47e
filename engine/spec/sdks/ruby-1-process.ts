import type { KeyObject } from 'node:crypto';
import {
  type Answer,
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
 * A client of launchkey-ruby 1.x: forms, `true` and `false`, a ping every five minutes, stamps by the
 * difference that the last one showed.
 */
export class Ruby1Process extends SdkProcess {
  readonly name = 'Ruby 1.x';
  override readonly sessionsOnly = true;
  private key: KeyObject | undefined;
  private pingedAt = 0;
  private difference = 0;

  async authorize(username: string): Promise<string> {
    return JSON.parse((await this.submit('POST', '/auths', { username })).text).auth_request;
  }

  async fetchAnswer(authRequest: string): Promise<Answer | undefined> {
    const query = new URLSearchParams({ ...(await this.envelope()), auth_request: authRequest });
    try {
      const { text } = this.read(await this.send({ method: 'GET', path: '/poll', query }));
      const { auth, user_hash } = JSON.parse(text);
      return { auth, userHash: user_hash };
    } catch (error) {
      if ((error as CallFailed).code === PENDING) return undefined;
      throw error;
    }
  }

  async readAnswer(_authRequest: string, { auth }: Answer): Promise<boolean> {
    const answer = JSON.parse(this.decrypt(Buffer.from(auth, 'base64')));
    const approved = answer.response.toLowerCase() === 'true' && Boolean(answer.auth_request);
    return await this.notify('Authenticate', approved, answer.auth_request);
  }

  /** Verifies with the key of the last ping, however old that is. */
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
    const ended = await this.notify('Revoke', true, authRequest);
    if (!ended) throw new CallFailed(0, 'deauthorize returned false');
  }

  /** Returns what was reported, whatever the engine says to it, unless that is an error. */
  private async notify(action: string, status: boolean, authRequest: string): Promise<boolean> {
    try {
      const report = { action, status: String(status), auth_request: authRequest };
      await this.submit('PUT', '/logs', report);
      return status;
    } catch (error) {
      if (error instanceof CallFailed) return false;
      throw error;
    }
  }

  private async submit(
    method: 'POST' | 'PUT',
    path: string,
    fields: Record<string, string>,
  ): Promise<Reply> {
    const body = new URLSearchParams({ ...(await this.envelope()), ...fields }).toString();
    const contentType = 'application/x-www-form-urlencoded';
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
    this.pingedAt = this.host.now();
    const { text } = this.read(await this.send({ method: 'GET', path: '/ping' }));
    const { key, launchkey_time } = JSON.parse(text);
    this.key = readPublicKey(key);
    this.difference = parseTime(launchkey_time) - this.host.now();
  }

  private read(reply: Reply): Reply {
    if (reply.status === 200 || reply.status === 201) return reply;
    throw new CallFailed(messageCode(reply.text), reply.text);
  }
}
