import { Agent as HttpAgent, type OutgoingHttpHeaders } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { Axios } from 'axios';
import { CommunicationError, LaunchKeyError } from '../errors.js';
import { engineAdapter, HttpRequest, type HttpResponse, isBrokenBeforeAnswer } from './adapter.js';
import type { Redact } from './redaction.js';

/** One call to the engine. Credentials and tokens belong in the body: proxies log the query. */
export interface Call {
  method: 'GET' | 'POST' | 'PUT';
  /** The path after the base URL, such as `/poll`. */
  path: string;
  /** Form-encoded. */
  query?: string | undefined;
  /** Makes the body. A held poll does not keep it in memory. */
  body?: (() => string) | undefined;
  contentType?: string | undefined;
  /** Seconds for which the engine is asked to hold the call (RFC 7240, `Prefer: wait`). */
  wait?: number | undefined;
  /** Whether the call may be sent again when its connection breaks before an answer. */
  idempotent: boolean;
  signal?: AbortSignal | undefined;
}

/** The options of {@link Transport}. */
export interface TransportOptions {
  baseUrl: URL;
  /** In ms. */
  requestTimeout: number;
  maxConnections: number;
  ca?: string | Buffer | Array<string | Buffer> | undefined;
  agent?: HttpAgent | undefined;
  maxHeldPolls?: number;
}

/**
 * How many polls are held at the same time. Each occupies a connection. Polls beyond that number are
 * sent without `Prefer`.
 */
export const MAX_HELD_POLLS = 10_000;

const USER_AGENT = 'passport-launchkey';

// Servers and proxies close idle connections: after 60 s or 75 s (load balancers, nginx), 5 s
// (node:http, which announces it), or 1 s, unannounced (HAProxy, where it is set so). `authorize` is
// never sent twice, so it must not meet a connection that the other side is about to close: the client
// closes it earlier. A held poll can be sent again, so its connection is kept for the next one.
const SHORT_CALL_IDLE_MS = 500;
const HELD_POLL_IDLE_MS = 15_000;

/**
 * Sends calls to the engine by axios, over kept-alive and bounded connections, without redirects.
 *
 * Short calls and held polls use different connections, so that waiting logins do not keep a new one
 * from starting.
 */
export class Transport {
  readonly #axios: InstanceType<typeof Axios>;
  readonly #requestTimeout: number;
  readonly #basePath: string;
  readonly #ownAgents: readonly HttpAgent[];
  readonly #shortCalls: HttpAgent;
  readonly #heldPolls: HttpAgent;
  readonly #maxHeldPolls: number;
  readonly #redact: Redact;
  #heldPollCount = 0;

  /** @param redact Cleans the message of an unexpected error. */
  constructor(options: TransportOptions, redact: Redact) {
    const { baseUrl, agent, ca, maxConnections, maxHeldPolls = MAX_HELD_POLLS } = options;
    this.#shortCalls = agent ?? ownAgent(options, maxConnections, SHORT_CALL_IDLE_MS);
    this.#heldPolls = agent ?? ownAgent(options, maxHeldPolls, HELD_POLL_IDLE_MS);
    this.#ownAgents = agent ? [] : [this.#shortCalls, this.#heldPolls];
    this.#maxHeldPolls = maxHeldPolls;
    this.#requestTimeout = options.requestTimeout;
    this.#basePath = baseUrl.pathname.replace(/\/+$/, '');
    this.#redact = redact;
    // The bare class: `axios.create()` merges, validates and applies its defaults for each call.
    this.#axios = new Axios({ adapter: engineAdapter(baseUrl, agent && ca) });
  }

  /**
   * Sends a call. A kept-alive connection may be closed by the server at the moment when it is used
   * again, so an idempotent call is then sent once more (RFC 9112, section 9.3.1).
   *
   * @throws CommunicationError, InvalidResponseError, or the signal's reason.
   */
  async send(call: Call): Promise<HttpResponse> {
    const wait = this.#heldPollCount < this.#maxHeldPolls ? (call.wait ?? 0) : 0;
    const config = { data: this.#toRequest(call, wait) };
    if (wait > 0) this.#heldPollCount += 1;
    try {
      const sent = this.#axios.request<HttpResponse>(config).catch((error) => {
        if (!call.idempotent || !isBrokenBeforeAnswer(error)) throw error;
        return this.#axios.request<HttpResponse>(config);
      });
      return (await sent).data;
    } catch (error) {
      // axios's own cancellation error holds the request.
      if (call.signal?.aborted) throw call.signal.reason;
      throw error instanceof LaunchKeyError ? error : this.#unexpected(error);
    } finally {
      if (wait > 0) this.#heldPollCount -= 1;
    }
  }

  /** Closes the idle connections, but not those of the application's own agent. */
  close(): void {
    for (const agent of this.#ownAgents) {
      for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy();
    }
  }

  #toRequest({ method, path, query, body, contentType, signal }: Call, wait: number): HttpRequest {
    const headers: OutgoingHttpHeaders = { Accept: 'application/json', 'User-Agent': USER_AGENT };
    if (contentType) headers['Content-Type'] = contentType;
    if (wait > 0) headers.Prefer = `wait=${wait}`;
    return new HttpRequest({
      method,
      path: `${this.#basePath}${path}${query ? `?${query}` : ''}`,
      headers,
      body,
      timeoutMs: wait * 1000 + this.#requestTimeout,
      agent: wait > 0 ? this.#heldPolls : this.#shortCalls,
      signal,
    });
  }

  /**
   * An error of axios, of Node or of the application's agent that prevented the call. The error itself
   * may hold the request, so only its name and its cleaned message are kept.
   */
  #unexpected(error: unknown): CommunicationError {
    const { name, message, code } = error instanceof Error ? (error as NodeJS.ErrnoException) : {};
    const reason = this.#redact(`${code ?? name ?? typeof error}: ${message ?? 'no message'}`);
    return new CommunicationError(
      `The call failed before it was sent (${reason ?? 'unknown error'}). Check the agent option and the JavaScript environment.`,
      { retryable: false },
    );
  }
}

function ownAgent(
  { baseUrl, ca }: TransportOptions,
  maxSockets: number,
  idleTimeoutMs: number,
): HttpAgent {
  const Agent = baseUrl.protocol === 'https:' ? HttpsAgent : HttpAgent;
  return new Agent({
    keepAlive: true,
    timeout: idleTimeoutMs,
    maxSockets,
    // Held polls come back after each poll: as many connections are kept as were open.
    maxFreeSockets: Math.max(maxSockets, 256),
    ...(ca !== undefined && { ca }),
  });
}
