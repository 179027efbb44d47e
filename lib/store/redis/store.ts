import { jitter } from '../../util/jitter.js';
import {
  type Answer,
  keptAlready,
  type LaunchKeySession,
  type LoginRecord,
  type PendingLogin,
  type Place,
  type Store,
  StoreUnavailableError,
} from '../store.js';
import { type Bell, RedisAnnouncements, type RedisListenerSource } from './announcements.js';

/**
 * What {@link RedisStore} needs of a client. One made by `createClient()` of the package `redis`,
 * version 5 or 6, has it.
 */
export interface RedisClient extends RedisListenerSource {
  // The client's own types are generic over modules, scripts and versions that do not matter here.
  withCommandOptions(options: { abortSignal: AbortSignal; typeMapping: object }): {
    eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  };
}

/** Options of {@link RedisStore}. */
export interface RedisStoreOptions {
  /** A connected client of the package `redis`. It stays the application's: it is never closed. */
  client: RedisClient;
  /**
   * What all keys, and the channel for answers, begin with. Default `'launchkey:'`.
   *
   * All processes of one application use the same. Applications that share a Redis server need
   * one each: under a common prefix, a user who logs out of one would be logged out of the other.
   */
  prefix?: string | undefined;
  /**
   * After how many milliseconds a call that Redis has not answered rejects. Default 5000. Within
   * it, the client's own reconnecting bridges a restart.
   */
  timeout?: number | undefined;
  /**
   * Every how many milliseconds a wait looks for the answer by itself, in case Redis' message
   * about it was lost. Default 5000.
   */
  recheckInterval?: number | undefined;
}

/**
 * Keeps logins and LaunchKey sessions in Redis, for applications of several processes, and for
 * logins that outlive a restart.
 *
 * Each step is one Lua script, so that it is atomic for all processes. Every key expires. Who
 * waits for an answer is told over a second connection, a duplicate of the client's that is made
 * when somebody first waits and that keeps no process alive.
 *
 * While Redis is away, calls reject with a {@link StoreUnavailableError}; once it is back they
 * work again.
 */
export class RedisStore implements Store {
  private readonly client: RedisClient;
  private readonly prefix: string;
  private readonly timeout: number;
  private readonly recheckInterval: number;
  private readonly announcements: RedisAnnouncements;

  constructor({
    client,
    prefix = 'launchkey:',
    timeout = 5_000,
    recheckInterval = 5_000,
  }: RedisStoreOptions) {
    if (typeof client?.withCommandOptions !== 'function' || typeof client.duplicate !== 'function')
      throw new TypeError(
        "RedisStore option 'client' must be a client made by createClient() of the package redis, version 5 or later.",
      );
    if (typeof prefix !== 'string' || prefix === '')
      throw new TypeError("RedisStore option 'prefix' must be a string that is not empty.");
    this.client = client;
    this.prefix = prefix;
    this.timeout = milliseconds('timeout', timeout);
    this.recheckInterval = milliseconds('recheckInterval', recheckInterval);
    this.announcements = new RedisAnnouncements(client, this.channel);
  }

  async add(login: PendingLogin, ttl: number): Promise<void> {
    const done = await this.run(
      ADD,
      [this.loginKey(login.handle)],
      [JSON.stringify(login), whole(ttl)],
    );
    if (Number(done) !== 1) throw keptAlready();
  }

  async takePlace({ of, id }: Place, limit: number, ttl: number): Promise<number | null> {
    const free = await this.run(TAKE_PLACE, [this.placesKey(of)], [id, String(limit), whole(ttl)]);
    return free === null ? null : Number(free);
  }

  async leavePlace({ of, id }: Place): Promise<void> {
    await this.run(LEAVE_PLACE, [this.placesKey(of)], [id]);
  }

  async get(handle: string): Promise<LoginRecord | null> {
    return loginRecord(await this.run(GET, [this.loginKey(handle)]));
  }

  async answer(handle: string, answer: Answer): Promise<boolean> {
    const done = await this.run(
      ANSWER,
      [this.loginKey(handle)],
      [JSON.stringify(answer), this.channel, handle],
    );
    return Number(done) === 1;
  }

  async waitForAnswer(handle: string, signal: AbortSignal): Promise<LoginRecord | null> {
    signal.throwIfAborted();
    const bell = this.announcements.hang(handle);
    return new Promise<LoginRecord | null>((resolve, reject) => {
      const abort = () => {
        bell.takeDown();
        reject(signal.reason);
      };
      signal.addEventListener('abort', abort, { once: true });
      this.watch(handle, bell)
        .then(resolve, reject)
        .finally(() => {
          bell.takeDown();
          signal.removeEventListener('abort', abort);
        });
    });
  }

  async consume(handle: string): Promise<LoginRecord | null> {
    return loginRecord(await this.run(CONSUME, [this.loginKey(handle)]));
  }

  async release(handle: string): Promise<void> {
    await this.run(RELEASE, [this.loginKey(handle)]);
  }

  async openSession(session: LaunchKeySession, ttl: number): Promise<void> {
    const { handle, userHash, startedAt } = session;
    await this.run(
      OPEN_SESSION,
      [this.sessionKey(handle), this.userKey(userHash)],
      [JSON.stringify(session), String(startedAt), userHash, handle, whole(ttl)],
    );
  }

  async getSession(handle: string): Promise<LaunchKeySession | null> {
    const session = await this.run(
      GET_SESSION,
      [this.sessionKey(handle), this.userKey('')],
      [handle],
    );
    return session === null ? null : parsed<LaunchKeySession>(session);
  }

  async endSessions(userHash: string, until: number): Promise<LaunchKeySession[]> {
    const ended = await this.run(
      END_SESSIONS,
      [this.userKey(userHash), this.sessionKey('')],
      [String(until)],
    );
    return (ended as unknown[]).map((session) => parsed<LaunchKeySession>(session));
  }

  async removeSession(handle: string): Promise<void> {
    await this.run(REMOVE_SESSION, [this.sessionKey(handle), this.userKey('')], [handle]);
  }

  /**
   * Closes the connection over which answers are heard of, and ends all waits: they reject. The
   * client is left as it is, and everything but waiting goes on to work.
   */
  async close(): Promise<void> {
    this.announcements.close();
  }

  private get channel(): string {
    return `${this.prefix}answered`;
  }

  private loginKey(handle: string): string {
    return `${this.prefix}login:${handle}`;
  }

  private placesKey(of: string): string {
    return `${this.prefix}places:${of}`;
  }

  private sessionKey(handle: string): string {
    return `${this.prefix}session:${handle}`;
  }

  private userKey(userHash: string): string {
    return `${this.prefix}user:${userHash}`;
  }

  /**
   * Looks, and looks again each time the bell rings or the interval is over. The bell hangs before
   * the first look, and rings when the connection for messages has been made, so no answer falls
   * between a look and a message.
   */
  private async watch(handle: string, bell: Bell): Promise<LoginRecord | null> {
    let looked = false;
    let failedBefore = false;
    for (;;) {
      try {
        const record = await this.get(handle);
        if (record?.state !== 'pending') return record;
        looked = true;
        failedBefore = false;
      } catch (error) {
        // One look that fails in the middle of a wait is a connection that broke just then.
        if (!looked || failedBefore) throw error;
        failedBefore = true;
      }
      if (!(await bell.rung(jitter(this.recheckInterval)))) throw closed();
    }
  }

  private async run(script: string, keys: string[], args: string[] = []): Promise<unknown> {
    const given = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new Error(`No reply within ${this.timeout} ms`));
        // What was not sent yet must not be sent when the connection is back.
        given.abort();
      }, this.timeout).unref();
    });
    try {
      return await Promise.race([this.evaluate(script, keys, args, given.signal), late]);
    } catch (error) {
      throw unavailable(error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** A Redis that has just started refuses everything until it has read its data. */
  private async evaluate(
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
        await new Promise((resolve) => setTimeout(resolve, LOADING_PAUSE).unref());
      }
    }
  }
}

/** How long after Redis said that it is still loading it is asked again, in milliseconds. */
const LOADING_PAUSE = 50;

function isLoading(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('LOADING ');
}

// A login is a hash of its state, the login as JSON and the answer as JSON. A LaunchKey session is
// a hash of its JSON, what the scripts must know of it, and `ended` once it is. A user is a sorted
// set of the handles of sessions by the time at which they expire, by Redis' clock, and so are the
// places of a name or a browser.
//
// The first command of a script that writes is one that needs memory: where Redis has none left, the
// script then does nothing at all. After another it would be let through.
//
// Where a script makes a key out of a prefix, the prefix is given among the keys, so that a prefix
// of the client's own applies to it too.

const ADD = `
if redis.call('HLEN', KEYS[1]) > 0 then return 0 end
redis.call('HSET', KEYS[1], 'state', 'pending', 'login', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1`;

const TAKE_PLACE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if redis.call('ZCOUNT', KEYS[1], '(' .. now, '+inf') >= tonumber(ARGV[2]) then
  local first = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  return first[2] - now
end
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('PEXPIREAT', KEYS[1], redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2])
return nil`;

const LEAVE_PLACE = `redis.call('ZREM', KEYS[1], ARGV[1])`;

const GET = `return redis.call('HMGET', KEYS[1], 'state', 'login', 'answer')`;

const ANSWER = `
if redis.call('HGET', KEYS[1], 'state') ~= 'pending' then return 0 end
redis.call('HSET', KEYS[1], 'state', 'answered', 'answer', ARGV[1])
redis.pcall('PUBLISH', ARGV[2], ARGV[3])
return 1`;

const CONSUME = `
if redis.call('HGET', KEYS[1], 'state') ~= 'answered' then return nil end
redis.call('HSET', KEYS[1], 'state', 'finished')
return redis.call('HMGET', KEYS[1], 'state', 'login', 'answer')`;

const RELEASE = `
if redis.call('HGET', KEYS[1], 'state') == 'finished' then
  redis.call('HSET', KEYS[1], 'state', 'answered')
end`;

const OPEN_SESSION = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], 'session', ARGV[1], 'startedAt', ARGV[2], 'user', ARGV[3])
redis.call('HDEL', KEYS[1], 'ended')
redis.call('PEXPIRE', KEYS[1], ARGV[5])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
redis.call('ZADD', KEYS[2], now + ARGV[5], ARGV[4])
redis.call('PEXPIREAT', KEYS[2], redis.call('ZRANGE', KEYS[2], -1, -1, 'WITHSCORES')[2])`;

// A session that is missing in its user's list could not be ended by a logout on the device. Redis
// may have evicted the list, so the session counts as over.
const GET_SESSION = `
local kept = redis.call('HMGET', KEYS[1], 'session', 'user', 'ended')
if not kept[1] or kept[3] then return nil end
if not redis.call('ZSCORE', KEYS[2] .. kept[2], ARGV[1]) then return nil end
return kept[1]`;

const END_SESSIONS = `
local found = {}
for _, handle in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local key = KEYS[2] .. handle
  local kept = redis.call('HMGET', key, 'session', 'startedAt', 'ended')
  if not kept[1] then
    redis.call('ZREM', KEYS[1], handle)
  elseif kept[3] or tonumber(kept[2]) <= tonumber(ARGV[1]) then
    redis.call('HSET', key, 'ended', '1')
    found[#found + 1] = kept[1]
  end
end
return found`;

const REMOVE_SESSION = `
local user = redis.call('HGET', KEYS[1], 'user')
if user then
  redis.call('ZREM', KEYS[2] .. user, ARGV[1])
  redis.call('DEL', KEYS[1])
end`;

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
    // Without a cause: that would quote the text.
    throw new StoreUnavailableError(
      'Redis holds something under the prefix of the store that the store did not write.',
    );
  }
}

/** The cause without what clients and Redis attach to it: commands, arguments, replies. */
function unavailable(error: unknown): StoreUnavailableError {
  const { message, code } = (error ?? {}) as { message?: unknown; code?: unknown };
  // Redis quotes the arguments of a command that it does not know.
  const text = String(message || code || 'unknown error').replace(/,? with args beginning.*/s, '');
  const cause = new Error(text);
  if (typeof code === 'string') Object.assign(cause, { code });
  return new StoreUnavailableError(`The store could not use Redis: ${text}`, cause);
}

function closed(): StoreUnavailableError {
  return new StoreUnavailableError('The store was closed while an answer was waited for.');
}

function whole(ttl: number): string {
  return String(Math.ceil(ttl));
}

function milliseconds(option: string, value: number): number {
  if (typeof value !== 'number' || !(value >= 1 && value <= 2 ** 31 - 1)) {
    throw new TypeError(
      `RedisStore option '${option}' must be a number of milliseconds from 1 to 2147483647, got ${String(value)}.`,
    );
  }
  return value;
}
