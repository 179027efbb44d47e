import { ConfigurationError } from '../../errors.js';
import { jitter } from '../../util/jitter.js';
import { sleep, withTimeout } from '../../util/timers.js';
import {
  type Answer,
  duplicateLogin,
  type LaunchKeySession,
  type LoginRecord,
  type PendingLogin,
  type Place,
  type Store,
  StoreUnavailableError,
} from '../store.js';
import {
  AnswerChannel,
  type AnswerSubscription,
  type RedisListenerSource,
} from './answer-channel.js';
import * as scripts from './scripts.js';

/**
 * The members of a client that {@link RedisStore} uses. A client made by `createClient()` of the
 * package `redis`, version 5 or 6, has them.
 */
export interface RedisClient extends RedisListenerSource {
  // The client's own types are generic over modules, scripts and protocol versions.
  withCommandOptions(options: { abortSignal: AbortSignal; typeMapping: object }): {
    eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  };
}

/** Options of {@link RedisStore}. */
export interface RedisStoreOptions {
  /**
   * A connected client of the package `redis`, version 5 or 6. Required. The application owns it:
   * the store never closes it.
   */
  client: RedisClient;
  /**
   * The beginning of all keys and of the channel for answers. Default `'launchkey:'`.
   *
   * All processes of one application use the same prefix. Applications that share a Redis server
   * need one prefix each: with a common one, a user who logs out of one application would be logged
   * out of the other.
   */
  prefix?: string | undefined;
  /**
   * Milliseconds after which a call without a reply from Redis rejects, from 1 to 2147483647.
   * Default 5000. A restart of Redis within this time goes unnoticed, because the client
   * reconnects.
   */
  timeout?: number | undefined;
  /**
   * Milliseconds after which a wait reads the login again, in case a message of Redis was lost,
   * from 1 to 2147483647. Default 5000.
   */
  recheckInterval?: number | undefined;
}

/** The pause before a command is repeated that Redis refused because it is loading its data. */
const LOADING_PAUSE_MS = 50;

/** The longest delay of a timer of Node.js. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Keeps logins and LaunchKey sessions in Redis: for applications of several processes, and for
 * logins that outlive a restart.
 *
 * Each step is one Lua script, so it is atomic for all processes. Every key expires. Waits are
 * notified over a second connection, which is a duplicate of the client, is made at the first wait,
 * and does not keep the process alive.
 *
 * While Redis is away, calls reject with a {@link StoreUnavailableError}. They work again when it
 * is back.
 *
 * @example
 * ```ts
 * import { createClient } from 'redis';
 * import { LaunchKeyStrategy } from 'passport-launchkey';
 * import { RedisStore } from 'passport-launchkey/redis';
 *
 * const client = createClient({ url: 'redis://localhost:6379' });
 * client.on('error', console.error);
 * await client.connect();
 *
 * const strategy = new LaunchKeyStrategy(
 *   { ...credentials, store: new RedisStore({ client }) },
 *   verify,
 * );
 * ```
 */
export class RedisStore implements Store {
  private readonly client: RedisClient;
  private readonly prefix: string;
  private readonly timeout: number;
  private readonly recheckInterval: number;
  private readonly answers: AnswerChannel;
  private checking: Promise<void> | undefined;
  private hasWarned = false;

  /**
   * @throws ConfigurationError that names the first unusable option.
   */
  constructor({
    client,
    prefix = 'launchkey:',
    timeout = 5_000,
    recheckInterval = 5_000,
  }: RedisStoreOptions) {
    if (
      typeof client?.withCommandOptions !== 'function' ||
      typeof client.duplicate !== 'function'
    ) {
      throw unusable(
        'client',
        'must be a client made by createClient() of the package redis, version 5 or later.',
      );
    }
    if ('nodeByAddress' in client) throw unsuitable('is a client of a Redis Cluster.');
    if (typeof prefix !== 'string' || prefix === '') {
      throw unusable('prefix', 'must be a non-empty string.');
    }
    this.client = client;
    this.prefix = prefix;
    this.timeout = milliseconds('timeout', timeout);
    this.recheckInterval = milliseconds('recheckInterval', recheckInterval);
    this.answers = new AnswerChannel(client, this.channel, (error) => this.warn(error));
  }

  async add(login: PendingLogin, ttl: number): Promise<void> {
    const added = await this.run(
      scripts.ADD,
      [this.loginKey(login.handle)],
      [JSON.stringify(login), whole(ttl)],
    );
    if (Number(added) !== 1) throw duplicateLogin();
  }

  async takePlace({ of, id }: Place, limit: number, ttl: number): Promise<number | null> {
    const freeInMs = await this.run(
      scripts.TAKE_PLACE,
      [this.slotsKey(of)],
      [id, String(limit), whole(ttl)],
    );
    return freeInMs === null ? null : Number(freeInMs);
  }

  async leavePlace({ of, id }: Place): Promise<void> {
    await this.run(scripts.LEAVE_PLACE, [this.slotsKey(of)], [id]);
  }

  async remove(handle: string): Promise<void> {
    await this.run(scripts.REMOVE, [this.loginKey(handle)], [this.channel, handle]);
  }

  async get(handle: string): Promise<LoginRecord | null> {
    return loginRecord(await this.run(scripts.GET, [this.loginKey(handle)]));
  }

  async answer(handle: string, answer: Answer): Promise<boolean> {
    const taken = await this.run(
      scripts.ANSWER,
      [this.loginKey(handle)],
      [JSON.stringify(answer), this.channel, handle],
    );
    return Number(taken) === 1;
  }

  async waitForAnswer(handle: string, signal: AbortSignal): Promise<LoginRecord | null> {
    signal.throwIfAborted();
    const subscription = this.answers.subscribe(handle);
    return new Promise<LoginRecord | null>((resolve, reject) => {
      const abort = () => {
        subscription.close();
        reject(signal.reason);
      };
      signal.addEventListener('abort', abort, { once: true });
      this.watch(handle, subscription)
        .then(resolve, reject)
        .finally(() => {
          subscription.close();
          signal.removeEventListener('abort', abort);
        });
    });
  }

  async consume(handle: string): Promise<LoginRecord | null> {
    return loginRecord(await this.run(scripts.CONSUME, [this.loginKey(handle)]));
  }

  async release(handle: string): Promise<void> {
    await this.run(scripts.RELEASE, [this.loginKey(handle)]);
  }

  async openSession(session: LaunchKeySession, ttl: number): Promise<void> {
    const { handle, userHash, startedAt } = session;
    await this.run(
      scripts.OPEN_SESSION,
      [this.sessionKey(handle), this.userKey(userHash)],
      [JSON.stringify(session), String(startedAt), userHash, handle, whole(ttl)],
    );
  }

  async getSession(handle: string): Promise<LaunchKeySession | null> {
    const session = await this.run(
      scripts.GET_SESSION,
      [this.sessionKey(handle), this.userKey('')],
      [handle],
    );
    return session === null ? null : parsed<LaunchKeySession>(session);
  }

  async endSessions(userHash: string, until: number): Promise<LaunchKeySession[]> {
    const ended = await this.run(
      scripts.END_SESSIONS,
      [this.userKey(userHash), this.sessionKey('')],
      [String(until)],
    );
    return (ended as unknown[]).map((session) => parsed<LaunchKeySession>(session));
  }

  async removeSession(handle: string): Promise<void> {
    await this.run(scripts.REMOVE_SESSION, [this.sessionKey(handle), this.userKey('')], [handle]);
  }

  /**
   * Closes the second connection, and ends all waits, which reject. The application's client stays
   * open, and all calls but waits still work.
   */
  async close(): Promise<void> {
    this.answers.close();
  }

  private get channel(): string {
    return `${this.prefix}answered`;
  }

  private loginKey(handle: string): string {
    return `${this.prefix}login:${handle}`;
  }

  private slotsKey(of: string): string {
    // The name of the key is part of the stored data.
    return `${this.prefix}places:${of}`;
  }

  private sessionKey(handle: string): string {
    return `${this.prefix}session:${handle}`;
  }

  private userKey(userHash: string): string {
    return `${this.prefix}user:${userHash}`;
  }

  /**
   * Reads the login, and again after each notification and each interval. The subscription precedes
   * the first look and notifies once the connection for messages is ready, so no answer is missed
   * between a look and a message.
   */
  private async watch(
    handle: string,
    subscription: AnswerSubscription,
  ): Promise<LoginRecord | null> {
    let hasRead = false;
    let failedBefore = false;
    for (;;) {
      try {
        const record = await this.get(handle);
        if (record?.state !== 'pending') return record;
        hasRead = true;
        failedBefore = false;
      } catch (error) {
        // A single failure during a wait is a connection that broke at that moment.
        if (!hasRead || failedBefore) throw error;
        failedBefore = true;
      }
      if (!(await subscription.next(jitter(this.recheckInterval)))) throw closed();
    }
  }

  private async run(script: string, keys: string[], args: string[] = []): Promise<unknown> {
    const call = new AbortController();
    try {
      return await withTimeout(this.evaluate(script, keys, args, call.signal), this.timeout, () => {
        // A command in the client's queue must not be sent when the connection is back.
        call.abort();
        throw new Error(`no reply within ${this.timeout} ms`);
      });
    } catch (error) {
      throw error instanceof ConfigurationError ? error : unavailable(error);
    }
  }

  /** Checks once that Redis can serve this store, before anything depends on it. */
  private check(signal: AbortSignal): Promise<void> {
    this.checking ??= this.runCheck(signal).catch((error) => {
      this.checking = undefined;
      throw error;
    });
    return this.checking;
  }

  private async runCheck(signal: AbortSignal): Promise<void> {
    const keys = [this.loginKey('check'), this.userKey('check')];
    try {
      const refusal = await this.send(scripts.CHECK, keys, [this.channel], signal);
      if (refusal) this.warn(refusal);
    } catch (error) {
      if (!isOfCluster(error)) throw error;
      throw unsuitable('is connected to a Redis Cluster.');
    }
  }

  /** Without its channel the store works, and answers arrive late. */
  private warn(reason: unknown): void {
    if (this.hasWarned) return;
    this.hasWarned = true;
    process.emitWarning(
      `Redis does not let RedisStore use its channel '${this.channel}', so logins notice their answer up to ${this.recheckInterval} ms late.`,
      {
        code: 'LAUNCHKEY_REDIS_CHANNEL',
        detail: `${String((reason as Error).message ?? reason)}. Allow it: ACL SETUSER <user> &${this.channel} +publish +subscribe`,
      },
    );
  }

  private async evaluate(
    script: string,
    keys: string[],
    args: string[],
    signal: AbortSignal,
  ): Promise<unknown> {
    await this.check(signal);
    return this.send(script, keys, args, signal);
  }

  /** A Redis that has just started refuses all commands until it has loaded its data. */
  private async send(
    script: string,
    keys: string[],
    args: string[],
    signal: AbortSignal,
  ): Promise<unknown> {
    const client = this.client.withCommandOptions({ abortSignal: signal, typeMapping: {} });
    for (;;) {
      try {
        return await client.eval(script, { keys, arguments: args });
      } catch (error) {
        if (!isLoading(error) || signal.aborted) throw error;
        await sleep(LOADING_PAUSE_MS);
      }
    }
  }
}

/** The errors by which a cluster refuses keys of other nodes. */
function isOfCluster(error: unknown): boolean {
  return error instanceof Error && /^(CROSSSLOT|MOVED|CLUSTERDOWN) /.test(error.message);
}

function unsuitable(what: string): ConfigurationError {
  return unusable(
    'client',
    `${what} A logout touches all sessions of a user in one step, which a cluster refuses. Pass a client of a single Redis or of one with replicas, made by createClient().`,
  );
}

function isLoading(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('LOADING ');
}

function loginRecord(reply: unknown): LoginRecord | null {
  if (!Array.isArray(reply) || reply[0] === null) return null;
  const [state, login, answer] = reply;
  return Object.freeze({
    ...parsed<PendingLogin>(login),
    state: String(state) as LoginRecord['state'],
    ...(answer !== null && { answer: parsed<Answer>(answer) }),
  });
}

function parsed<T extends object>(json: unknown): Readonly<T> {
  try {
    return Object.freeze(JSON.parse(String(json)) as T);
  } catch {
    // Without the cause, which would quote the text.
    throw new StoreUnavailableError(
      'Redis returned a value that is not JSON. Another program writes keys under the prefix of this store. Give the store a prefix of its own.',
    );
  }
}

/**
 * Keeps the message and the code of an error. Clients and Redis attach commands and replies to it.
 */
function unavailable(error: unknown): StoreUnavailableError {
  const { message, code } = (error ?? {}) as { message?: unknown; code?: unknown };
  // Redis quotes the arguments of a command that it does not know.
  const text = String(message || code || 'unknown error').replace(/,? with args beginning.*/s, '');
  const cause = new Error(text);
  if (typeof code === 'string') Object.assign(cause, { code });
  return new StoreUnavailableError(
    `Redis cannot be used: ${text}. The call may be repeated when Redis is back.`,
    cause,
  );
}

function closed(): StoreUnavailableError {
  return new StoreUnavailableError('The store was closed during a wait for an answer.');
}

function whole(ttl: number): string {
  return String(Math.ceil(ttl));
}

function milliseconds(option: string, value: number): number {
  if (typeof value !== 'number' || !(value >= 1 && value <= MAX_TIMER_MS)) {
    throw unusable(
      option,
      `must be a number of milliseconds from 1 to ${MAX_TIMER_MS}, got ${String(value)}.`,
    );
  }
  return value;
}

function unusable(option: string, reason: string): ConfigurationError {
  return new ConfigurationError(option, `of RedisStore ${reason}`);
}
