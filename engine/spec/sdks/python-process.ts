import type { KeyObject } from 'node:crypto';
import {
  type Answer,
  type AuthorizeOptions,
  CallFailed,
  formatTime,
  type Host,
  parseTime,
  type Reply,
  readPublicKey,
  SdkProcess,
} from './sdk-process.js';

const LOGOUT_AGE_MS = 5 * 60_000;
const LAST_YEAR = 9999;

/**
 * An `API` object of launchkey-python 1.0.3 to 1.3.0. It pings once. Each later call adds the whole
 * time since that ping to a stamp that is already ahead, so its clock runs ahead without bound.
 */
export class PythonProcess extends SdkProcess {
  readonly version: '1.0.3' | '1.3.0';
  readonly name: string;
  override readonly sendsContext: boolean;
  private key: KeyObject | undefined;
  private pingTime = 0;
  private pingedAt = 0;

  constructor(version: '1.0.3' | '1.3.0', host: Host) {
    super(host);
    this.version = version;
    this.name = `Python ${version}`;
    this.sendsContext = version === '1.3.0';
  }

  /** Milliseconds by which the object's clock is ahead of its machine's. */
  get ahead(): number {
    return this.pingTime - this.host.now();
  }

  /** `force` is new in 1.3.0; before, an application sets `ping_time` to `None` for the same. */
  async ping({ force = false } = {}): Promise<void> {
    if (this.key && !force) {
      this.pingTime = this.host.now() - this.pingedAt + this.pingTime;
      return;
    }
    const { text } = await this.send({ method: 'GET', path: '/ping' });
    const { key, launchkey_time } = JSON.parse(text);
    this.key = readPublicKey(key);
    this.pingTime = parseTime(launchkey_time);
    this.pingedAt = this.host.now();
  }

  async authorize(username: string, { session, context }: AuthorizeOptions): Promise<string> {
    const reply = await this.call('POST', '/auths', {
      username,
      session: pythonBoolean(session),
      ...(this.version === '1.3.0' && {
        user_push_id: pythonBoolean(false),
        ...(context !== undefined && { context }),
      }),
    });
    const body = JSON.parse(reply.text);
    if (body.status_code >= 300) throw new CallFailed(body.message_code, 'Error');
    return body.auth_request;
  }

  async fetchAnswer(authRequest: string): Promise<Answer | undefined> {
    const { text } = await this.call('GET', '/poll', { auth_request: authRequest });
    const { auth, user_hash, message_code, message } = JSON.parse(text);
    if (auth !== undefined) return { auth, userHash: user_hash };
    if (message_code === 70403) return undefined;
    throw new CallFailed(message_code, String(message));
  }

  async readAnswer(authRequest: string, { auth }: Answer): Promise<boolean> {
    // `b64decode` drops whatever is not of its alphabet.
    const answer = JSON.parse(this.decrypt(Buffer.from(auth, 'base64')));
    const approved =
      String(answer.response).toLowerCase() === 'true' && answer.auth_request === authRequest;
    return await this.notify('Authenticate', approved, authRequest);
  }

  /** By its own clock, which runs ahead, it would take each logout for one that is too old. */
  override async prepareLogout(): Promise<void> {
    await this.ping({ force: true });
  }

  async readLogout(event: URLSearchParams): Promise<string | undefined> {
    await this.ping();
    const text = (event.get('deorbit') ?? '').replaceAll('\r', '');
    const signature = Buffer.from(event.get('signature') ?? '', 'base64');
    if (!this.verify(text, signature, this.key as KeyObject)) return undefined;
    const { launchkey_time, user_hash } = JSON.parse(text);
    return this.pingTime - parseTime(launchkey_time) < LOGOUT_AGE_MS ? user_hash : undefined;
  }

  async endSession(authRequest: string): Promise<void> {
    const ended = await this.notify('Revoke', true, authRequest);
    if (!ended) throw new CallFailed(0, 'logout() returned False');
  }

  private async notify(action: string, status: boolean, authRequest: string): Promise<boolean> {
    const parameters = { action, status: pythonBoolean(status), auth_request: authRequest };
    const { text } = await this.call('PUT', '/logs', parameters);
    return JSON.parse(text).message === 'Successfully updated' ? status : false;
  }

  /** All parameters are in the query, with an empty body on POST and PUT. */
  private async call(
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    parameters: Record<string, string>,
  ): Promise<Reply> {
    await this.ping();
    const { appKey, secretKey } = this.host.credentials;
    const text = `{'secret': '${secretKey}', 'stamped': '${this.stamp()}'}`;
    const { secret, signature } = await this.seal(text, this.key as KeyObject);
    const query = new URLSearchParams({
      app_key: appKey,
      secret_key: this.version === '1.0.3' ? brokenBase64(secret) : secret.toString('base64'),
      signature: signature.toString('base64'),
      ...parameters,
    });
    return await this.send({ method, path, query });
  }

  /** `str()` of a `datetime`: with microseconds, but for a whole second, which a ping leaves. */
  private stamp(): string {
    if (new Date(this.pingTime).getUTCFullYear() > LAST_YEAR) {
      throw new RangeError('OverflowError: date value out of range');
    }
    const fraction = this.pingTime % 1000;
    const microseconds = fraction === 0 ? '' : `.${String(fraction).padStart(3, '0')}000`;
    return formatTime(this.pingTime) + microseconds;
  }
}

function pythonBoolean(value: boolean): string {
  return value ? 'True' : 'False';
}

/** `encode('base64')` of Python 2: a line break after each 76 characters and at the end. */
function brokenBase64(data: Buffer): string {
  return data.toString('base64').replace(/.{1,76}/g, '$&\n');
}
