import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { Axios } from 'axios';
import { CommunicationError, LaunchKeyError } from '../errors.js';
import { brokeBeforeAnswer, engineAdapter, type Reply } from './adapter.js';

/** One call to the engine. Credentials and tokens belong in the body: proxies log the query. */
export interface Call {
  method: 'GET' | 'POST' | 'PUT';
  /** The path after the base URL, such as `/poll`. */
  path: string;
  /** Form-encoded. */
  query?: string;
  body?: string;
  contentType?: string;
  /** Seconds for which the engine is asked to hold the call (RFC 7240, `Prefer: wait`). */
  wait?: number;
  /** Whether the call may be sent a second time when its connection broke before an answer. */
  idempotent: boolean;
  signal?: AbortSignal | undefined;
}

export interface TransportOptions {
  baseUrl: URL;
  requestTimeout: number;
  maxConnections: number;
  ca?: string | Buffer | Array<string | Buffer> | undefined;
  maxHeldPolls?: number;
}

/**
 * How many polls are held at once. A held poll occupies a connection; whoever comes after these is
 * asked to poll at intervals instead.
 */
export const MAX_HELD_POLLS = 10_000;

// Idle connections are closed well before servers and proxies do it (nginx 75 s, load balancers
// 60 s; node:http announces its 5 s and the agent heeds that): `authorize` is never sent twice, so
// it must not meet a connection that the other side is about to close.
const IDLE_TIMEOUT = 15_000;

/**
 * Brings calls to the engine by axios: kept-alive and bounded connections, no redirects, no proxy.
 *
 * Short calls and held polls have connections of their own, so that logins that wait never keep one
 * from starting.
 */
export class Transport {
  readonly #axios: InstanceType<typeof Axios>;
  readonly #timeout: number;
  readonly #basePath: string;
  readonly #shortCalls: HttpAgent;
  readonly #heldPolls: HttpAgent;
  readonly #maxHeld: number;
  #held = 0;

  constructor(options: TransportOptions) {
    const { baseUrl, requestTimeout, maxConnections, ca, maxHeldPolls = MAX_HELD_POLLS } = options;
    const Agent = baseUrl.protocol === 'https:' ? HttpsAgent : HttpAgent;
    const common = { keepAlive: true, timeout: IDLE_TIMEOUT, ...(ca !== undefined && { ca }) };
    this.#shortCalls = new Agent({ ...common, maxSockets: maxConnections });
    this.#heldPolls = new Agent({
      ...common,
      maxSockets: maxHeldPolls,
      // All of them come back after each poll: those that were closed would be opened anew.
      maxFreeSockets: maxHeldPolls,
    });
    this.#maxHeld = maxHeldPolls;
    this.#timeout = requestTimeout;
    this.#basePath = baseUrl.pathname.replace(/\/+$/, '');
    // The bare class, without the defaults of `axios.create()`, which are merged, validated and applied
    // for every call. Bodies are encoded before and parsed after, so that there is nothing to guess.
    this.#axios = new Axios({ adapter: engineAdapter(baseUrl) });
  }

  /** Rejects with a `CommunicationError`, an `InvalidResponseError`, or the signal's reason. */
  async send(call: Call): Promise<Reply> {
    const wait = this.#held < this.#maxHeld ? (call.wait ?? 0) : 0;
    if (wait > 0) this.#held += 1;
    try {
      return await this.#sendOrResend(call, wait);
    } finally {
      if (wait > 0) this.#held -= 1;
    }
  }

  /** Closes the connections that are not in use. Calls under way go on. */
  close(): void {
    for (const agent of [this.#shortCalls, this.#heldPolls]) {
      for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy();
    }
  }

  /**
   * A server may close a kept-alive connection at the very moment it is used again: RFC 9112,
   * section 9.3.1, allows to send once more what is idempotent.
   */
  async #sendOrResend(call: Call, wait: number): Promise<Reply> {
    try {
      return await this.#sendOnce(call, wait);
    } catch (error) {
      if (!call.idempotent || !brokeBeforeAnswer(error)) throw error;
    }
    return this.#sendOnce(call, wait);
  }

  async #sendOnce(call: Call, wait: number): Promise<Reply> {
    const query = call.query ? `?${call.query}` : '';
    const headers: Record<string, string> = {};
    if (call.contentType) headers['Content-Type'] = call.contentType;
    if (wait > 0) headers.Prefer = `wait=${wait}`;
    try {
      const { data } = await this.#axios.request<Reply>({
        method: call.method,
        url: `${this.#basePath}${call.path}${query}`,
        data: call.body,
        headers,
        timeout: wait * 1000 + this.#timeout,
        httpAgent: wait > 0 ? this.#heldPolls : this.#shortCalls,
        signal: call.signal as never,
      });
      return data;
    } catch (error) {
      // axios's own cancellation holds the request: the caller's reason takes its place.
      if (call.signal?.aborted) throw call.signal.reason;
      if (error instanceof LaunchKeyError) throw error;
      // Nothing in axios or node:http is known to end here; its message could hold anything.
      throw new CommunicationError('The call could not be sent', { retryable: false });
    }
  }
}
