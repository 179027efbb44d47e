import {
  constants,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  sign,
  verify,
} from 'node:crypto';
import { Agent, request } from 'node:http';
import { promisify } from 'node:util';
import type { AppCredentials } from '../../lib/index.js';

const OAEP = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' };
const PENDING = 70403;
const signAsync = promisify(sign);

/** Where a simulated process runs. */
export interface Host {
  /** The address of the engine, without `/v1`. */
  url: string;
  credentials: AppCredentials;
  /** The clock of the machine, in milliseconds since 1970. */
  now: () => number;
}

export interface AuthorizeOptions {
  session: boolean;
  context?: string;
}

/** What a poll or an event hands on of the user's answer. */
export interface Answer {
  auth: string;
  userHash: string;
}

/** What the application is told of a login. */
export interface Verdict {
  approved: boolean;
  userHash: string;
}

export interface Call {
  method: 'GET' | 'POST' | 'PUT';
  /** Below `/v1`, with what is between it and the query. */
  path: string;
  query?: URLSearchParams;
  body?: string | Buffer;
  contentType?: string;
}

export interface Reply {
  status: number;
  text: string;
}

/** The SDK has told the application that a call failed. */
export class CallFailed extends Error {
  /** The message code, or the HTTP status where the SDK reads no body. */
  readonly code: number;

  constructor(code: number, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}

/**
 * A process with one of the published SDKs in it, as an application uses it. Each SDK is a class of its
 * own, which does what the SDK does: its clock, its key cache, its encodings and its way to read
 * answers. What all of them share, RSA and HTTP, is here.
 */
export abstract class SdkProcess {
  abstract readonly name: string;
  /** Whether the SDK has no way to ask for a transaction. */
  readonly sessionsOnly: boolean = false;
  /** Whether the SDK tells the application why a call failed. */
  readonly saysWhy: boolean = true;
  /** Whether the SDK sends the context that the phone shows. */
  readonly sendsContext: boolean = false;
  /** Whether the SDK can end a session. */
  readonly endsSessions: boolean = true;
  /** Message codes that the SDK brings upon itself in the ordinary course of a life. */
  readonly ownFaults: readonly number[] = [];
  calls = 0;
  /** Each call that the engine has refused, but for those that say that an answer is pending. */
  readonly refusals: { call: string; status: number; code: number }[] = [];
  protected readonly host: Host;
  private readonly privateKey: KeyObject;
  private readonly agent = new Agent({ keepAlive: true });

  constructor(host: Host) {
    this.host = host;
    this.privateKey = createPrivateKey(host.credentials.privateKey);
  }

  /** Asks for a login and returns the auth request. */
  abstract authorize(username: string, options: AuthorizeOptions): Promise<string>;

  /** Asks for the user's answer; `undefined` says that there is none. */
  abstract fetchAnswer(authRequest: string): Promise<Answer | undefined>;

  /** Whether the user approved, with the report to the engine where the SDK makes one. */
  abstract readAnswer(authRequest: string, answer: Answer): Promise<boolean>;

  /** The user whose logout an event states, or `undefined` where it is not to be trusted. */
  abstract readLogout(event: URLSearchParams): Promise<string | undefined>;

  /** Tells the engine that the local login is over. */
  abstract endSession(authRequest: string): Promise<void>;

  /** What an application has to do before it lets the SDK read a logout. */
  async prepareLogout(): Promise<void> {}

  /** What an application does until the user has answered. */
  async poll(authRequest: string): Promise<Verdict | undefined> {
    const answer = await this.fetchAnswer(authRequest);
    if (!answer) return undefined;
    return { approved: await this.readAnswer(authRequest, answer), userHash: answer.userHash };
  }

  /** What an application does with the event of an answer. */
  async readAnswerEvent(event: URLSearchParams): Promise<Verdict> {
    const [authRequest, auth, userHash] = ['auth_request', 'auth', 'user_hash'].map(
      (name) => event.get(name) ?? '',
    ) as [string, string, string];
    return { approved: await this.readAnswer(authRequest, { auth, userHash }), userHash };
  }

  /** Ends the process. */
  close(): void {
    this.agent.destroy();
  }

  /** Encrypts and signs what proves the application to the engine. */
  protected async seal(
    text: string,
    key: KeyObject,
  ): Promise<{ secret: Buffer; signature: Buffer }> {
    const secret = publicEncrypt({ key, ...OAEP }, Buffer.from(text));
    return { secret, signature: await this.sign(secret) };
  }

  protected async sign(data: Buffer): Promise<Buffer> {
    return await signAsync('sha256', data, this.privateKey);
  }

  protected verify(data: string, signature: Buffer, key: KeyObject): boolean {
    return verify('sha256', Buffer.from(data), key, signature);
  }

  protected decrypt(data: Buffer): string {
    return privateDecrypt({ key: this.privateKey, ...OAEP }, data).toString('utf8');
  }

  /** Makes one HTTP call, and keeps count. */
  protected async send(call: Call): Promise<Reply> {
    const reply = await this.exchange(call);
    this.calls += 1;
    if (reply.status !== 200) {
      const code = messageCode(reply.text);
      const refusal = { call: `${call.method} ${call.path}`, status: reply.status, code };
      if (code !== PENDING) this.refusals.push(refusal);
    }
    return reply;
  }

  private exchange(call: Call): Promise<Reply> {
    const { method, path, query, body, contentType } = call;
    const target = `${this.host.url}/v1${path}${query ? `?${query}` : ''}`;
    const headers = {
      accept: 'application/json',
      ...(contentType && { 'content-type': contentType }),
      ...(method !== 'GET' && { 'content-length': Buffer.byteLength(body ?? '') }),
    };
    return new Promise((resolve, reject) => {
      const sent = request(target, { method, headers, agent: this.agent }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          resolve({ status: response.statusCode ?? 0, text });
        });
      });
      sent.on('error', (error: NodeJS.ErrnoException) => {
        // The engine has been started again since: a kept connection is worth another try.
        const lost = sent.reusedSocket && error.code === 'ECONNRESET';
        if (lost) resolve(this.exchange(call));
        else reject(error);
      });
      sent.end(body);
    });
  }
}

/** Reads the key of a ping as most SDKs do: only what stands between its first and last line counts. */
export function readPublicKey(pem: string): KeyObject {
  const der = Buffer.from(pem.replace(/-----[^-]*-----|\s/g, ''), 'base64');
  return createPublicKey({ key: der, format: 'der', type: 'spki' });
}

/** `YYYY-MM-DD HH:MM:SS`, as the engine writes a time and reads a stamp. */
export function formatTime(time: number): string {
  return new Date(time).toISOString().slice(0, 19).replace('T', ' ');
}

/** Reads `YYYY-MM-DD HH:MM:SS` in UTC. */
export function parseTime(text: string): number {
  return Date.parse(`${text.replace(' ', 'T')}Z`);
}

/** The message code of an error's body, or 0 where there is none. */
export function messageCode(text: string): number {
  try {
    return Number(JSON.parse(text).message_code ?? 0);
  } catch {
    return 0;
  }
}
