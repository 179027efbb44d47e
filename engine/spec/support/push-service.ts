import {
  createDecipheriv,
  createECDH,
  createPublicKey,
  hkdfSync,
  randomBytes,
  verify,
} from 'node:crypto';
import { once } from 'node:events';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { type Certificate, makeCertificate } from './certificate.js';

export interface PushReceived {
  path: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** What the service does with a message: a status, or nothing at all until the test says. */
export type Reaction = number | 'hold';

/**
 * A push service (RFC 8030) on loopback, which reacts to messages as `reactions` say in turn, then
 * with 201. It and the browser below are written from the RFCs alone, without the library that the
 * engine uses.
 */
export class PushService {
  readonly received: PushReceived[] = [];
  readonly held: ServerResponse[] = [];
  readonly ca: string;
  connections = 0;
  private port = 0;
  private readonly reactions: Reaction[];
  private readonly waiting: { count: number; resolve: () => void }[] = [];

  private constructor(ca: string, reactions: Reaction[]) {
    this.ca = ca;
    this.reactions = reactions;
  }

  static async start(
    reactions: Reaction[] = [],
    headers: Record<string, string> = {},
  ): Promise<PushService> {
    const { key, cert } = await ownCertificate();
    const service = new PushService(cert, reactions);
    const server = createServer({ key, cert }, (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => {
        const message = {
          path: request.url ?? '',
          headers: request.headers,
          body: Buffer.concat(chunks),
        };
        service.take(message, response, headers);
      });
    });
    server.on('connection', () => {
      service.connections += 1;
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    service.port = (server.address() as AddressInfo).port;
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
    return service;
  }

  get origin(): string {
    return `https://127.0.0.1:${this.port}`;
  }

  /** How an engine is to be started to send to it. */
  get options(): { networks: string[]; ca: string; backoff: number[] } {
    return { networks: ['127.0.0.1'], ca: this.ca, backoff: [0, 0] };
  }

  /** Resolves when this many messages have come in all. */
  async count(messages: number): Promise<PushReceived[]> {
    if (this.received.length < messages) {
      await new Promise<void>((resolve) => this.waiting.push({ count: messages, resolve }));
    }
    return this.received;
  }

  private take(message: PushReceived, response: ServerResponse, headers: Record<string, string>) {
    this.received.push(message);
    const reaction = this.reactions.shift() ?? 201;
    if (reaction === 'hold') this.held.push(response);
    else response.writeHead(reaction, headers).end();
    for (const { count, resolve } of this.waiting) if (this.received.length >= count) resolve();
  }
}

/** A browser that has subscribed: it alone can read what is sent to it (RFC 8291). */
export class Subscriber {
  private readonly ecdh = createECDH('prime256v1');
  private readonly auth = randomBytes(16);
  readonly path = `/push/${randomBytes(16).toString('base64url')}`;
  private readonly origin: string;

  constructor(origin: string) {
    this.origin = origin;
    this.ecdh.generateKeys();
  }

  /** As `PushSubscription.toJSON()` has it. */
  get subscription() {
    const p256dh = this.ecdh.getPublicKey('base64url');
    const keys = { p256dh, auth: this.auth.toString('base64url') };
    return { endpoint: this.origin + this.path, expirationTime: null, keys };
  }

  /** The text of a message with the content coding aes128gcm (RFC 8188). */
  decrypt(body: Buffer): string {
    const salt = body.subarray(0, 16);
    const keyLength = body.readUInt8(20);
    const sender = body.subarray(21, 21 + keyLength);
    const record = body.subarray(21 + keyLength);
    const secret = this.ecdh.computeSecret(sender);
    const info = Buffer.concat([Buffer.from('WebPush: info\0'), this.ecdh.getPublicKey(), sender]);
    const input = hkdf(secret, this.auth, info, 32);
    const key = hkdf(input, salt, Buffer.from('Content-Encoding: aes128gcm\0'), 16);
    const nonce = hkdf(input, salt, Buffer.from('Content-Encoding: nonce\0'), 12);
    const decipher = createDecipheriv('aes-128-gcm', key, nonce);
    decipher.setAuthTag(record.subarray(-16));
    const padded = Buffer.concat([decipher.update(record.subarray(0, -16)), decipher.final()]);
    // The last record ends with 2 and any number of zeros.
    const end = padded.lastIndexOf(2);
    if (padded.subarray(end + 1).some((byte) => byte !== 0))
      throw new Error('The padding is wrong.');
    return padded.subarray(0, end).toString('utf8');
  }
}

/** Checks the signature of a VAPID header (RFC 8292), and returns its key and what it claims. */
export function readVapid(authorization = ''): { key: string; claims: Record<string, unknown> } {
  const [, jwt = '', key = ''] = /^vapid t=([\w.-]+), ?k=([\w-]+)$/.exec(authorization) ?? [];
  const [header = '', claims = '', signature = ''] = jwt.split('.');
  const point = Buffer.from(key, 'base64url');
  const x = point.subarray(1, 33).toString('base64url');
  const y = point.subarray(33).toString('base64url');
  const publicKey = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' });
  const signed = Buffer.from(`${header}.${claims}`);
  const holds = verify(
    'sha256',
    signed,
    { key: publicKey, dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  );
  if (!holds || readJson(header).alg !== 'ES256') throw new Error('The VAPID token is not signed.');
  return { key, claims: readJson(claims) };
}

function readJson(text: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
}

function hkdf(input: Buffer, salt: Buffer, info: Buffer, length: number): Buffer {
  return Buffer.from(hkdfSync('sha256', input, salt, info, length));
}

let certificate: Promise<Certificate> | undefined;

function ownCertificate(): Promise<Certificate> {
  certificate ??= makeCertificate();
  return certificate;
}
