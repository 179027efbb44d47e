import { constants, privateDecrypt, publicEncrypt, sign, verify } from 'node:crypto';
import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { LaunchKeyClient, type LaunchKeyClientOptions } from '../../lib/client/client.js';
import { makePair, type Pair } from './keys.js';

/** One call that arrived. */
export interface FakeCall {
  method: string;
  /** Without `/v1` and the query. */
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: string;
  /** What is in the query and in the form body together. */
  params: URLSearchParams;
  req: IncomingMessage;
  res: ServerResponse;
}

/** What a call is answered with; `undefined` answers the way an engine does, `null` is answered by the test. */
export type FakeAnswer =
  | { status?: number; headers?: Record<string, string>; body: unknown }
  | null
  | undefined;

export const TOKEN = '4yjuyyg59cqf2s890uhhhx3vmtgv115a';
export const SECRET = 'the-secret-key-of-the-application';
export const app: Pair = makePair();
const engineKey = makePair();

/**
 * An engine that says what a test wants said. It is for what a real one never says: `launchkey-engine`
 * is used wherever that can show the behaviour.
 */
export class FakeEngine {
  /** The ping key. Give it another one to rotate it. */
  key: Pair = engineKey;
  dateStamp = '2013-04-20 21:40:02';
  /** The engine's time, in milliseconds. */
  now: () => number = Date.now;
  /** Answers calls in place of the usual answer. */
  on: (call: FakeCall) => FakeAnswer = () => undefined;
  readonly calls: FakeCall[] = [];
  readonly server: Server;
  url = '';

  private constructor(server: Server) {
    this.server = server;
    server.on('request', (req, res) => this.receive(req, res));
  }

  static async start(server: Server = createServer()): Promise<FakeEngine> {
    const engine = new FakeEngine(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    engine.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
    return engine;
  }

  /** A client for the application `app`. */
  client(options: Partial<LaunchKeyClientOptions> = {}): LaunchKeyClient {
    return new LaunchKeyClient({
      apiBaseUrl: this.url,
      appKey: 1234567890,
      secretKey: SECRET,
      privateKey: app.privateKey,
      ...options,
    });
  }

  /** The calls of one path. */
  of(path: string): FakeCall[] {
    return this.calls.filter((call) => call.path === path);
  }

  time(at = this.now()): string {
    return new Date(at).toISOString().slice(0, 19).replace('T', ' ');
  }

  /** Opens an envelope as an engine does; throws when the signature does not fit. */
  open(params: URLSearchParams): { secret: string; stamped: string } {
    const ciphertext = Buffer.from(params.get('secret_key') ?? '', 'base64');
    const signature = Buffer.from(params.get('signature') ?? '', 'base64');
    if (!verify('sha256', ciphertext, app.publicKey, signature)) throw new Error('signature');
    const padding = constants.RSA_PKCS1_OAEP_PADDING;
    const key = { key: this.key.privateKey, padding, oaepHash: 'sha1' };
    return JSON.parse(privateDecrypt(key, ciphertext).toString());
  }

  /** Signs as the engine signs events. */
  sign(text: string, pair = this.key): string {
    return sign('sha256', Buffer.from(text), pair.privateKey).toString('base64');
  }

  async close(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    if (this.server.listening) await once(this.server, 'close');
  }

  private async receive(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    const { pathname, searchParams } = new URL(req.url ?? '', 'http://engine');
    const params = new URLSearchParams([...searchParams, ...new URLSearchParams(body)]);
    const path = pathname.replace(/^\/v1/, '');
    const call = {
      method: req.method ?? '',
      path,
      query: searchParams,
      headers: req.headers,
      body,
      params,
      req,
      res,
    };
    this.calls.push(call);
    const answer = this.on(call);
    if (answer === null) return;
    const { status = 200, headers = {}, body: content } = answer ?? this.usual(call);
    res.writeHead(status, { 'Content-Type': 'application/json', ...headers });
    res.end(typeof content === 'string' ? content : JSON.stringify(content));
  }

  private usual({ path }: FakeCall): NonNullable<FakeAnswer> {
    if (path === '/ping') return { body: this.ping() };
    if (path === '/auths') return { body: { auth_request: TOKEN } };
    if (path === '/poll') return { body: { auth: packageFor(), user_hash: 'user-hash' } };
    return { body: { message: 'Successfully updated' } };
  }

  ping(): Record<string, string> {
    return { date_stamp: this.dateStamp, launchkey_time: this.time(), key: this.key.publicPem };
  }
}

/** An auth package for the application, as base64 without line breaks. */
export function packageFor(members: unknown = { auth_request: TOKEN, response: 'true' }): string {
  const text = typeof members === 'string' ? members : JSON.stringify(members);
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  const key = { key: app.publicKey, padding, oaepHash: 'sha1' };
  return publicEncrypt(key, Buffer.from(text)).toString('base64');
}

/** An answer of an engine that refuses with a message code. */
export function refusal(code: number, message: unknown = 'no', status = 400): FakeAnswer {
  const body = {
    successful: false,
    status_code: status,
    message,
    message_code: code,
    response: '',
  };
  return { status, body };
}
