import { createPublicKey, type KeyObject } from 'node:crypto';
import {
  type Answer,
  type AuthorizeOptions,
  formatTime,
  parseTime,
  SdkProcess,
} from './sdk-process.js';

const BOUNDARY = '------------------------d74496d66958873e';

/**
 * The C client of launchkey-ssh with one `api_data` for its life. It pings once, its stamps run ahead
 * as those of Python do, and it needs the blank lines in the ping key and the line breaks in base64. It
 * reports nothing, ends nothing, knows no events, and cannot tell why a poll brought no answer.
 */
export class CProcess extends SdkProcess {
  readonly name = 'C';
  override readonly saysWhy = false;
  override readonly endsSessions = false;
  private key: KeyObject | undefined;
  private pingTime = 0;
  private pingedAt = 0;

  async authorize(username: string, { session }: AuthorizeOptions): Promise<string> {
    const fields = { ...(await this.envelope()), username, session: session ? 'True' : 'False' };
    const body = multipart(fields);
    const contentType = `multipart/form-data; boundary=${BOUNDARY}`;
    const { text } = await this.send({ method: 'POST', path: '/auths/', body, contentType });
    const { auth_request } = JSON.parse(text);
    if (auth_request === undefined) throw new Error(`Segmentation fault: ${text}`);
    return auth_request;
  }

  async fetchAnswer(authRequest: string): Promise<Answer | undefined> {
    const query = new URLSearchParams({ ...(await this.envelope()), auth_request: authRequest });
    const { text } = await this.send({ method: 'GET', path: '/poll/', query });
    const { auth, user_hash } = JSON.parse(text);
    return auth === undefined ? undefined : { auth, userHash: user_hash };
  }

  async readAnswer(authRequest: string, { auth }: Answer): Promise<boolean> {
    const answer = JSON.parse(this.decrypt(decodeBase64(auth.replaceAll('\\', ''))));
    return /^[tT]rue$/.test(answer.response) && answer.auth_request === authRequest;
  }

  async readLogout(): Promise<string | undefined> {
    return undefined;
  }

  async endSession(): Promise<void> {
    throw new Error('The C client has no call that ends a session.');
  }

  private async envelope(): Promise<Record<string, string>> {
    if (this.key) this.pingTime += wholeSecond(this.host.now()) - this.pingedAt;
    else await this.ping();
    const { appKey, secretKey } = this.host.credentials;
    const text = `{'secret': '${secretKey}', 'stamped': '${formatTime(this.pingTime)}'}`;
    const { secret, signature } = await this.seal(text, this.key as KeyObject);
    return {
      app_key: appKey,
      secret_key: encodeBase64(secret),
      signature: encodeBase64(signature),
    };
  }

  private async ping(): Promise<void> {
    const { text } = await this.send({ method: 'GET', path: '/ping/' });
    const { key, launchkey_time } = JSON.parse(text);
    this.key = createPublicKey(withoutBlankLines(key));
    this.pingTime = parseTime(launchkey_time);
    this.pingedAt = wholeSecond(this.host.now());
  }
}

/** Takes out the two blank lines that it expects; without them it has no key. */
function withoutBlankLines(pem: string): string {
  const [head, body, tail, ...more] = pem.split('\n\n');
  if (body === undefined || tail === undefined || more.length > 0) {
    throw new Error('Segmentation fault: the ping key has no two blank lines');
  }
  return `${head}\n${body}\n${tail}`;
}

/** OpenSSL's base64: a line break after each 64 characters and at the end. */
function encodeBase64(data: Buffer): string {
  return data.toString('base64').replace(/.{1,64}/g, '$&\n');
}

/** OpenSSL's base64 reads nothing of a line that is too long. */
function decodeBase64(text: string): Buffer {
  const lines = text.split(/\r?\n/);
  return Buffer.from(lines.some((line) => line.length > 76) ? '' : lines.join(''), 'base64');
}

function multipart(fields: Record<string, string>): string {
  const parts = Object.entries(fields).map(
    ([name, value]) =>
      `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  return `${parts.join('')}--${BOUNDARY}--\r\n`;
}

function wholeSecond(time: number): number {
  return time - (time % 1000);
}
