import type { KeyObject } from 'node:crypto';
import {
  type Answer,
  CallFailed,
  formatTime,
  parseTime,
  type Reply,
  readPublicKey,
  SdkProcess,
} from './sdk-process.js';

const PENDING = 70403;

/**
 * A client of launchkey-ruby 0.1.0: one ping in its life, and stamps that run ahead as those of Python
 * do, in whole seconds. Its report of a denial names no auth request, which the engine refuses.
 */
export class Ruby0Process extends SdkProcess {
  readonly name = 'Ruby 0.1';
  override readonly sessionsOnly = true;
  override readonly ownFaults = [50441];
  private key: KeyObject | undefined;
  private pingTimestamp = 0;
  private pingedAt = 0;

  async authorize(username: string): Promise<string> {
    const body = JSON.parse((await this.submit('POST', '/auths', { username })).text);
    if (body.auth_request === undefined) throw new CallFailed(body.message_code, 'nil');
    return body.auth_request;
  }

  /** Hands on whatever came; the application looks for `auth` in it. */
  async fetchAnswer(authRequest: string): Promise<Answer | undefined> {
    const query = new URLSearchParams({ ...(await this.envelope()), auth_request: authRequest });
    const { text } = await this.send({ method: 'GET', path: '/poll', query });
    const { auth, user_hash, message_code, message } = JSON.parse(text);
    if (auth !== undefined) return { auth, userHash: user_hash };
    if (message_code === PENDING) return undefined;
    throw new CallFailed(message_code, String(message));
  }

  async readAnswer(_authRequest: string, { auth }: Answer): Promise<boolean> {
    const answer = JSON.parse(this.decrypt(Buffer.from(auth, 'base64')));
    const approved = answer.response.toLowerCase() === 'true' && Boolean(answer.auth_request);
    return await this.notify('Authenticate', approved, approved ? answer.auth_request : '');
  }

  /** The SDK has nothing for events: an application verifies with the key that the SDK keeps. */
  async readLogout(event: URLSearchParams): Promise<string | undefined> {
    if (!this.key) await this.ping();
    const text = event.get('deorbit') ?? '';
    const signature = Buffer.from(event.get('signature') ?? '', 'base64');
    if (!this.verify(text, signature, this.key as KeyObject)) return undefined;
    return JSON.parse(text).user_hash;
  }

  async endSession(authRequest: string): Promise<void> {
    const ended = await this.notify('Revoke', true, authRequest);
    if (!ended) throw new CallFailed(0, 'deauthorize returned false');
  }

  private async notify(action: string, status: boolean, authRequest: string): Promise<boolean> {
    const report = { action, status: String(status), auth_request: authRequest };
    const { text } = await this.submit('PUT', '/logs', report);
    return JSON.parse(text).message === 'Successfully updated' ? status : false;
  }

  private async submit(
    method: 'POST' | 'PUT',
    path: string,
    fields: Record<string, string>,
  ): Promise<Reply> {
    const body = new URLSearchParams({ ...(await this.envelope()), ...fields }).toString();
    const contentType = 'application/x-www-form-urlencoded';
    return await this.send({ method, path, body, contentType });
  }

  private async envelope(): Promise<Record<string, string>> {
    if (!this.key) await this.ping();
    this.pingTimestamp = this.host.now() - this.pingedAt + this.pingTimestamp;
    const { appKey, secretKey } = this.host.credentials;
    const text = JSON.stringify({ secret: secretKey, stamped: formatTime(this.pingTimestamp) });
    const { secret, signature } = await this.seal(text, this.key as KeyObject);
    return {
      app_key: appKey,
      secret_key: secret.toString('base64'),
      signature: signature.toString('base64'),
    };
  }

  private async ping(): Promise<void> {
    const { text } = await this.send({ method: 'GET', path: '/ping' });
    const { key, launchkey_time } = JSON.parse(text);
    this.key = readPublicKey(key);
    this.pingTimestamp = parseTime(launchkey_time);
    this.pingedAt = this.host.now();
  }
}
