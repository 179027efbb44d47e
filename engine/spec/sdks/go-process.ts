import type { KeyObject } from 'node:crypto';
import {
  type Answer,
  type AuthorizeOptions,
  CallFailed,
  messageCode,
  readPublicKey,
  SdkProcess,
} from './sdk-process.js';

const PENDING = 70403;

/**
 * A client of launchkey-go: a ping before each call, base64 that tolerates line breaks and nothing
 * else, and a verdict that is whether the engine said "Successfully updated" to the report.
 */
export class GoProcess extends SdkProcess {
  readonly name = 'Go';

  async authorize(username: string, { session }: AuthorizeOptions): Promise<string> {
    const fields = { session: String(session), username };
    return JSON.parse(await this.submit('POST', '/auths', fields)).auth_request;
  }

  async fetchAnswer(authRequest: string): Promise<Answer | undefined> {
    const query = new URLSearchParams({ ...(await this.envelope()), auth_request: authRequest });
    const { status, text } = await this.send({ method: 'GET', path: '/poll', query });
    if (status >= 300) {
      if (messageCode(text) === PENDING) return undefined;
      throw new CallFailed(messageCode(text), text);
    }
    const { auth, user_hash } = JSON.parse(text);
    return { auth, userHash: user_hash };
  }

  async readAnswer(authRequest: string, { auth }: Answer): Promise<boolean> {
    const answer = this.open(auth);
    if (answer.auth_request !== authRequest) {
      await this.notify('Authenticate', false, authRequest);
      return false;
    }
    return await this.notify('Authenticate', answer.response === 'true', authRequest);
  }

  /** The SDK has nothing for logouts: an application verifies with the key that `Ping` returns. */
  async readLogout(event: URLSearchParams): Promise<string | undefined> {
    const text = event.get('deorbit') ?? '';
    const signature = Buffer.from(event.get('signature') ?? '', 'base64');
    const { key } = await this.ping();
    return this.verify(text, signature, key) ? JSON.parse(text).user_hash : undefined;
  }

  async endSession(authRequest: string): Promise<void> {
    const ended = await this.notify('Revoke', true, authRequest);
    if (!ended) throw new CallFailed(0, 'Logout returned false');
  }

  private open(auth: string): { auth_request?: string; response?: string } {
    const data = decodeBase64(auth);
    try {
      return JSON.parse(this.decrypt(data));
    } catch {
      throw new CallFailed(0, 'Decryption error');
    }
  }

  private async notify(action: string, status: boolean, authRequest: string): Promise<boolean> {
    const fields = { action, status: String(status), auth_request: authRequest };
    return JSON.parse(await this.submit('PUT', '/logs', fields)).message === 'Successfully updated';
  }

  private async submit(
    method: 'POST' | 'PUT',
    path: string,
    fields: Record<string, string>,
  ): Promise<string> {
    const body = new URLSearchParams({ ...(await this.envelope()), ...fields }).toString();
    const contentType = 'application/x-www-form-urlencoded';
    const { status, text } = await this.send({ method, path, body, contentType });
    if (status >= 300) throw new CallFailed(messageCode(text), text);
    return text;
  }

  private async envelope(): Promise<Record<string, string>> {
    const { time, key } = await this.ping();
    const { appKey, secretKey } = this.host.credentials;
    const text = JSON.stringify({ secret: secretKey, stamped: time });
    const { secret, signature } = await this.seal(text, key);
    return {
      app_key: appKey,
      secret_key: secret.toString('base64'),
      signature: signature.toString('base64'),
    };
  }

  private async ping(): Promise<{ time: string; key: KeyObject }> {
    const { text } = await this.send({ method: 'GET', path: '/ping' });
    const { launchkey_time, key } = JSON.parse(text);
    return { time: launchkey_time, key: readPublicKey(key) };
  }
}

/** `base64.StdEncoding`: skips line breaks, and stops at whatever else is not of its alphabet. */
function decodeBase64(text: string): Buffer {
  const joined = text.replace(/[\r\n]/g, '');
  const [readable = ''] = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2,3}={1,2})?/.exec(joined) ?? [];
  return Buffer.from(readable, 'base64');
}
