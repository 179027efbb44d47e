import { sign } from '../crypto/rsa.js';
import { ExpiredAuthRequestError, LaunchKeyError, STALE_STAMP } from '../errors.js';
import { abortable } from '../util/abort.js';
import type { HttpResponse } from './adapter.js';
import { EngineClock } from './engine-clock.js';
import { type Envelope, Envelopes } from './envelope.js';
import { isCuredByPing, isStaleStamp } from './message-codes.js';
import type { CheckedOptions } from './options.js';
import { type Redact, redactor } from './redaction.js';
import { type Members, type ResponseContent, readResponse } from './response.js';
import { type Call, Transport } from './transport.js';

/** A call with form parameters, to which the envelope is added. */
export interface FormCall {
  method: 'POST' | 'PUT';
  path: string;
  /** Nothing secret: proxies log it. */
  query?: string;
  parameters: Record<string, string>;
  /** Seconds for which the engine is asked to hold the call. */
  wait?: number;
  idempotent: boolean;
}

/** The content of a response, with what its headers say. */
export type CallResult = ResponseContent & Pick<HttpResponse, 'held' | 'retryAfter'>;

/** Authenticates calls with an envelope, sends them, and reads the responses. */
export class EngineCalls {
  /** The engine's clock, which these calls keep up to date. */
  readonly clock: EngineClock;
  readonly #options: CheckedOptions;
  readonly #redact: Redact;
  readonly #transport: Transport;
  readonly #envelopes: Envelopes;

  constructor(options: CheckedOptions) {
    this.#options = options;
    this.#redact = redactor(options.secretKey);
    this.#transport = new Transport(options, this.#redact);
    this.clock = new EngineClock(() => this.#ping());
    this.#envelopes = new Envelopes(options, this.clock);
  }

  /** Sends a call with the envelope in its form body. */
  sendForm(call: FormCall, signal: AbortSignal | undefined): Promise<CallResult> {
    const form = new URLSearchParams(call.parameters).toString();
    // Members are not spread, for the reason that `copyWith` gives.
    return this.#send(signal, ({ form: envelope }) => ({
      method: call.method,
      path: call.path,
      query: call.query,
      body: () => `${envelope}&${form}`,
      contentType: 'application/x-www-form-urlencoded',
      wait: call.wait,
      idempotent: call.idempotent,
      signal,
    }));
  }

  /**
   * Sends a call whose JSON body is signed as a whole, with the signature in the query. The signature
   * fits this body only, so it may appear in a log.
   */
  sendSigned(path: string, members: Members, signal: AbortSignal | undefined): Promise<CallResult> {
    const { appKey, privateKey } = this.#options;
    return this.#send(signal, async ({ secretKey }) => {
      const body = JSON.stringify({ app_key: appKey, secret_key: secretKey, ...members });
      const signature = (await sign(privateKey, Buffer.from(body), signal)).toString('base64');
      const query = new URLSearchParams({ signature }).toString();
      const contentType = 'application/json';
      return {
        method: 'POST',
        path,
        query,
        body: () => body,
        contentType,
        idempotent: false,
        signal,
      };
    });
  }

  /** Whether the engine names an extension of the v1 API, by a ping of the last five minutes. */
  async knows(feature: string, signal: AbortSignal | undefined): Promise<boolean> {
    const { ping } = this.clock.known() ?? (await abortable(() => this.clock.current(), signal));
    return ping.features.includes(feature);
  }

  /** Closes the idle connections. */
  close(): void {
    this.#transport.close();
  }

  async #ping(): Promise<Members> {
    const response = await this.#transport.send({ method: 'GET', path: '/ping', idempotent: true });
    return readResponse(response, this.#redact).data;
  }

  /**
   * Sends a call with the envelope of this second. If the engine finds the stamp stale or the key
   * rotated, the call is sent once more after a new ping.
   */
  async #send(
    signal: AbortSignal | undefined,
    build: (envelope: Envelope) => Call | Promise<Call>,
  ): Promise<CallResult> {
    let envelope =
      this.#envelopes.ready() ?? (await abortable(() => this.#envelopes.current(), signal));
    for (let isRetry = false; ; isRetry = true) {
      const response = await this.#transport.send(await build(envelope));
      try {
        const { data, pending } = readResponse(response, this.#redact);
        return { data, pending, held: response.held, retryAfter: response.retryAfter };
      } catch (error) {
        if (!(error instanceof LaunchKeyError) || !isCuredByPing(error.messageCode)) throw error;
        if (isRetry) throw isStaleStamp(error.messageCode) ? staysStale(error) : error;
      }
      const { reading } = envelope;
      await abortable(() => this.clock.newerThan(reading), signal);
      envelope = await abortable(() => this.#envelopes.current(), signal);
    }
  }
}

function staysStale(error: LaunchKeyError): ExpiredAuthRequestError {
  const { status, messageCode, engineMessage } = error;
  return new ExpiredAuthRequestError(
    "The engine rejected the time stamp as stale, also after a new ping. Its ping and its checks disagree about the time. Check the engine's clock.",
    { code: STALE_STAMP, status, messageCode, engineMessage },
  );
}
