import {
  type Agent,
  request as httpRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { AxiosAdapter, AxiosResponse } from 'axios';
import { CommunicationError, InvalidResponseError, type LaunchKeyError } from '../errors.js';
import { onAbort } from '../util/abort.js';
import { copyWith } from '../util/copy-with.js';
import { startTimer } from '../util/timers.js';
import { decompressed } from './decompress.js';

/** Larger responses are refused. The largest that an engine sends has a few kilobytes. */
export const MAX_RESPONSE_BYTES = 1024 * 1024;

/** What is sent of an HTTP request. */
export interface HttpRequestParts {
  method: string;
  /** Path and query. */
  path: string;
  headers: OutgoingHttpHeaders;
  /** Makes the body. */
  body: (() => string) | undefined;
  /** Limit of the whole exchange, in ms. */
  timeoutMs: number;
  agent: Agent;
  signal: AbortSignal | undefined;
}

/**
 * An HTTP request, as it travels through axios to the adapter. It is a class, because axios copies
 * plain objects member by member.
 */
export class HttpRequest {
  readonly parts: HttpRequestParts;

  constructor(parts: HttpRequestParts) {
    this.parts = parts;
  }
}

/** What is read of an HTTP response. */
export interface HttpResponse {
  status: number;
  body: string;
  /** Whether the engine applied `Prefer: wait` (RFC 7240, section 3, `Preference-Applied`). */
  held: boolean;
  /** `Retry-After` in seconds (RFC 9110, section 10.2.3). */
  retryAfter?: number;
}

/**
 * An axios adapter: a thin layer over `node:http` and `node:https`. An adapter is axios's documented
 * extension point (README, request config, `adapter`).
 *
 * It follows no redirect, reads no proxy from the environment, asks for no compression, limits the whole
 * exchange by time, and rejects with this package's errors only: an `AxiosError` holds the request, and
 * with it the envelope.
 *
 * It takes an {@link HttpRequest} as `data`, and nothing else of axios's configuration: axios merges,
 * validates and normalizes each member and header that it knows. Measured for one call: 8 µs of CPU in
 * axios instead of 20, beside 48 µs in `node:http`.
 *
 * @param ca Certificate authorities for connections of an agent that has none of its own.
 */
export function engineAdapter(
  origin: URL,
  ca?: string | Buffer | Array<string | Buffer>,
): AxiosAdapter {
  const secure = origin.protocol === 'https:';
  const send = secure ? httpsRequest : httpRequest;
  const target = {
    // `URL` keeps the brackets of an IPv6 address, `node:http` refuses them.
    hostname: origin.hostname.replace(/^\[|\]$/g, ''),
    port: origin.port || (secure ? 443 : 80),
    ...(ca !== undefined && { ca }),
  };

  return (config) =>
    new Promise<AxiosResponse<HttpResponse>>((resolve, reject) => {
      const { parts } = config.data as HttpRequest;
      const { method, path, headers, timeoutMs, agent, signal } = parts;
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const body = parts.body?.();
      if (body !== undefined) headers['Content-Length'] = Buffer.byteLength(body);
      const request = send(copyWith(target, { method, path, headers, agent }));
      let stop = () => {};
      let bytesBefore = 0;
      let answered = false;

      const fail = (error: unknown) => {
        stop();
        reject(error);
        request.destroy();
      };
      // Listened to first: an error that nothing listens to ends the process.
      request.on('error', (error: NodeJS.ErrnoException) => {
        const fault = connectionError(error);
        const nothingCame = (request.socket?.bytesRead ?? 0) === bytesBefore;
        if (!answered && nothingCame && isBroken(error)) brokenBeforeAnswer.add(fault);
        fail(fault);
      });
      request.on('socket', (socket) => {
        bytesBefore = socket.bytesRead;
      });
      request.on('response', (response) => {
        answered = true;
        readBody(response).then((text) => {
          stop();
          const data = toHttpResponse(response, text);
          resolve({ status: data.status, statusText: '', headers: {}, data, config });
        }, fail);
      });
      // Without an error: the server answered 101 Switching Protocols.
      request.on('close', () => {
        if (!answered) fail(closedConnection());
      });
      const stopTimer = startTimer(() => fail(timedOut(timeoutMs)), timeoutMs);
      const stopListening = onAbort(signal, () => fail(signal?.reason));
      stop = () => {
        stopTimer();
        stopListening();
      };
      request.end(body);
    });
}

/** Whether a call failed because its connection broke before the first byte of the response. */
export function isBrokenBeforeAnswer(error: unknown): boolean {
  return error instanceof CommunicationError && brokenBeforeAnswer.has(error);
}

const brokenBeforeAnswer = new WeakSet<LaunchKeyError>();

function toHttpResponse(
  { statusCode: status = 0, headers }: IncomingMessage,
  body: string,
): HttpResponse {
  const applied = String(headers['preference-applied'] ?? '');
  const response: HttpResponse = { status, body, held: /(^|[,\s])wait\b/i.test(applied) };
  const retryAfter = parseRetryAfter(headers['retry-after'], headers.date);
  if (retryAfter !== undefined) response.retryAfter = retryAfter;
  return response;
}

/** Reads seconds, or an HTTP date, which is compared with the sender's own clock. */
function parseRetryAfter(value: string | undefined, date: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value.trim())) return Number(value);
  const until = Date.parse(value);
  if (Number.isNaN(until)) return undefined;
  const sent = Date.parse(date ?? '');
  const seconds = (until - (Number.isNaN(sent) ? Date.now() : sent)) / 1000;
  return Math.max(0, Math.ceil(seconds));
}

async function readBody(response: IncomingMessage): Promise<string> {
  const body = decompressed(response);
  try {
    return await new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let size = 0;
      body.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > MAX_RESPONSE_BYTES) reject(tooLarge());
        else chunks.push(chunk);
      });
      body.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
      if (body !== response) body.on('error', () => reject(undecodable()));
      response.on('error', (error) => reject(connectionError(error)));
    });
  } finally {
    // A decoder would go on with what it has, beyond any size.
    if (body !== response) body.destroy();
  }
}

const isBroken = ({ code }: NodeJS.ErrnoException) => code === 'ECONNRESET' || code === 'EPIPE';

function tooLarge(): InvalidResponseError {
  return new InvalidResponseError(
    `The answer is larger than ${MAX_RESPONSE_BYTES} bytes. Check that apiBaseUrl is the address of a LaunchKey v1 engine.`,
  );
}

function undecodable(): InvalidResponseError {
  return new InvalidResponseError(
    'The answer is not compressed as its Content-Encoding says. Switch compression off in the proxy in front of the engine.',
  );
}

function closedConnection(): CommunicationError {
  return new CommunicationError(
    'The server closed the connection without an answer. Try again later.',
  );
}

function timedOut(ms: number): CommunicationError {
  return new CommunicationError(
    `The engine did not answer within ${ms} ms. Check that it is running, or raise requestTimeout.`,
    { cause: cleanCause('timeout', 'ETIMEDOUT') },
  );
}

function connectionError(error: NodeJS.ErrnoException): LaunchKeyError {
  const cause = cleanCause(error.message, error.code);
  // llhttp's codes for what is not HTTP: https on an http port, or a header that is too long.
  if (error.code?.startsWith('HPE_')) {
    return new InvalidResponseError(
      `The answer is not HTTP (${error.code}). Check the scheme and the port of apiBaseUrl.`,
      { cause },
    );
  }
  return new CommunicationError(
    `The engine cannot be reached: ${error.message}. Check apiBaseUrl and the network.`,
    { cause },
  );
}

/** Keeps message and code only: errors of Node hold sockets and certificates. */
function cleanCause(message: string, code: string | undefined): Error {
  return Object.assign(new Error(message), code !== undefined && { code });
}
