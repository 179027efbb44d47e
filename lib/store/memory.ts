import { inspect } from 'node:util';
import { ConfigurationError } from '../errors.js';
import { copyWith } from '../util/copy-with.js';
import { MemorySlots } from './memory-slots.js';
import {
  type Answer,
  duplicateLogin,
  type LaunchKeySession,
  type LoginRecord,
  type PendingLogin,
  type Place,
  type Store,
  StoreFullError,
} from './store.js';

/** Options of {@link MemoryStore}. */
export interface MemoryStoreOptions {
  /**
   * The maximum number of logins. Finished logins make room for new ones; if all of them wait, a
   * new login is refused with 429. Default 100,000.
   */
  maxLogins?: number | undefined;
  /**
   * The maximum number of LaunchKey sessions. Beyond it the oldest is dropped, which logs its
   * browser out. Default 100,000.
   */
  maxSessions?: number | undefined;
}

interface Kept<T> {
  record: T;
  expiresAt: number;
}

interface KeptLogin extends Kept<LoginRecord> {
  /** Called once when the login is answered or removed. Absent until the first wait. */
  waiters?: Set<() => void> | undefined;
}

interface KeptSession extends Kept<LaunchKeySession> {
  ended: boolean;
}

/**
 * Keeps logins and LaunchKey sessions in the memory of this process. It is the default store, and
 * suits applications of one process whose pending logins may be lost in a restart. It sets no
 * timers: expired records are never returned, and are dropped when new ones come in.
 *
 * @example
 * ```ts
 * import { LaunchKeyStrategy, MemoryStore } from 'passport-launchkey';
 *
 * const store = new MemoryStore({ maxLogins: 10_000 });
 * const strategy = new LaunchKeyStrategy({ ...credentials, store }, verify);
 * ```
 */
export class MemoryStore implements Store {
  private readonly logins = new Map<string, KeptLogin>();
  private readonly sessions = new Map<string, KeptSession>();
  /** Handles by user, so that a logout event does not search all sessions. */
  private readonly sessionsOfUser = new Map<string, Set<string>>();
  private readonly slots: MemorySlots;
  private readonly maxLogins: number;
  private readonly maxSessions: number;

  /** @throws ConfigurationError that names the first unusable option. */
  constructor({ maxLogins = 100_000, maxSessions = 100_000 }: MemoryStoreOptions = {}) {
    this.maxLogins = positiveInteger('maxLogins', maxLogins);
    this.maxSessions = positiveInteger('maxSessions', maxSessions);
    this.slots = new MemorySlots(this.maxLogins);
  }

  async add(login: PendingLogin, ttl: number): Promise<void> {
    const now = Date.now();
    dropExpired(this.logins, now, this.logins.size >= this.maxLogins);
    if (this.logins.size >= this.maxLogins) this.dropFinished();
    if (this.logins.size >= this.maxLogins) throw new StoreFullError(this.maxLogins);
    if (this.live(login.handle)) throw duplicateLogin();
    this.logins.set(login.handle, {
      record: Object.freeze(copyWith(login, { state: 'pending' as const })),
      expiresAt: now + ttl,
    });
  }

  async takePlace(slot: Place, limit: number, ttl: number): Promise<number | null> {
    return this.slots.take(slot, limit, ttl);
  }

  async leavePlace(slot: Place): Promise<void> {
    this.slots.giveBack(slot);
  }

  async remove(handle: string): Promise<void> {
    const kept = this.logins.get(handle);
    this.logins.delete(handle);
    for (const wake of kept?.waiters ?? []) wake();
  }

  async get(handle: string): Promise<LoginRecord | null> {
    return this.live(handle)?.record ?? null;
  }

  async answer(handle: string, answer: Answer): Promise<boolean> {
    const kept = this.live(handle);
    if (kept?.record.state !== 'pending') return false;
    kept.record = Object.freeze(
      copyWith(kept.record, {
        state: 'answered' as const,
        answer: Object.freeze({ ...answer }),
      }),
    );
    const waiters = kept.waiters;
    kept.waiters = undefined;
    for (const wake of waiters ?? []) wake();
    return true;
  }

  async waitForAnswer(handle: string, signal: AbortSignal): Promise<LoginRecord | null> {
    signal.throwIfAborted();
    const kept = this.live(handle);
    if (kept?.record.state !== 'pending') return kept?.record ?? null;
    return new Promise((resolve, reject) => {
      kept.waiters ??= new Set();
      const { waiters } = kept;
      const wake = () => {
        signal.removeEventListener('abort', abort);
        resolve(this.logins.get(handle) === kept ? kept.record : null);
      };
      const abort = () => {
        waiters.delete(wake);
        reject(signal.reason);
      };
      waiters.add(wake);
      signal.addEventListener('abort', abort, { once: true });
    });
  }

  async consume(handle: string): Promise<LoginRecord | null> {
    const kept = this.live(handle);
    if (kept?.record.state !== 'answered') return null;
    kept.record = Object.freeze({ ...kept.record, state: 'finished' as const });
    return kept.record;
  }

  async release(handle: string): Promise<void> {
    const kept = this.live(handle);
    if (kept?.record.state !== 'finished') return;
    kept.record = Object.freeze({ ...kept.record, state: 'answered' as const });
  }

  async openSession(session: LaunchKeySession, ttl: number): Promise<void> {
    const now = Date.now();
    for (const handle of dropExpired(this.sessions, now, this.sessions.size >= this.maxSessions)) {
      this.forgetSessionOfUser(handle.record);
    }
    if (this.sessions.size >= this.maxSessions) {
      const oldest = this.sessions.keys().next();
      if (!oldest.done) await this.removeSession(oldest.value);
    }
    this.sessions.set(session.handle, {
      record: Object.freeze({ ...session }),
      expiresAt: now + ttl,
      ended: false,
    });
    const handles = this.sessionsOfUser.get(session.userHash) ?? new Set();
    this.sessionsOfUser.set(session.userHash, handles.add(session.handle));
  }

  async getSession(handle: string): Promise<LaunchKeySession | null> {
    const kept = this.sessions.get(handle);
    return kept && !kept.ended && kept.expiresAt > Date.now() ? kept.record : null;
  }

  async endSessions(userHash: string, until: number): Promise<LaunchKeySession[]> {
    const ended: LaunchKeySession[] = [];
    for (const handle of this.sessionsOfUser.get(userHash) ?? []) {
      const kept = this.sessions.get(handle);
      if (!kept || kept.expiresAt <= Date.now()) continue;
      if (!kept.ended && kept.record.startedAt > until) continue;
      kept.ended = true;
      ended.push(kept.record);
    }
    return ended;
  }

  async removeSession(handle: string): Promise<void> {
    const kept = this.sessions.get(handle);
    if (!kept) return;
    this.sessions.delete(handle);
    this.forgetSessionOfUser(kept.record);
  }

  /** Shows the numbers of records and not the records, which hold tokens. */
  [inspect.custom](): string {
    return `MemoryStore { logins: ${this.logins.size}, sessions: ${this.sessions.size} }`;
  }

  private live(handle: string): KeptLogin | undefined {
    const kept = this.logins.get(handle);
    return kept && kept.expiresAt > Date.now() ? kept : undefined;
  }

  /** Finished logins are kept to recognise repeated requests. New logins are more important. */
  private dropFinished(): void {
    for (const [handle, kept] of this.logins) {
      if (kept.record.state === 'finished') this.logins.delete(handle);
    }
  }

  private forgetSessionOfUser({ userHash, handle }: LaunchKeySession): void {
    const handles = this.sessionsOfUser.get(userHash);
    handles?.delete(handle);
    if (handles?.size === 0) this.sessionsOfUser.delete(userHash);
  }
}

let warned = false;

/**
 * Returns the store of a strategy without the option `store`. In production that may be an
 * oversight, since a second process would not know the logins of the first one, so the process
 * prints one warning. An application that makes its own {@link MemoryStore} gets none.
 */
export function defaultStore(): MemoryStore {
  if (process.env.NODE_ENV === 'production' && !warned) {
    warned = true;
    process.emitWarning(
      'Logins are kept in the memory of this process, because LaunchKeyStrategy has no store.',
      {
        code: 'LAUNCHKEY_MEMORY_STORE',
        detail:
          'Several processes need a store that they share, such as RedisStore. A single process can pass store: new MemoryStore() to avoid this warning.',
      },
    );
  }
  return new MemoryStore();
}

/**
 * Drops expired records. Maps keep the order of insertion, and the records of one strategy live
 * equally long, so expired records stand in front. A `thorough` pass checks all records.
 */
function dropExpired<T extends Kept<unknown>>(
  map: Map<string, T>,
  now: number,
  thorough: boolean,
): T[] {
  const dropped: T[] = [];
  for (const [key, kept] of map) {
    if (kept.expiresAt <= now) {
      map.delete(key);
      dropped.push(kept);
    } else if (!thorough) {
      break;
    }
  }
  return dropped;
}

function positiveInteger(name: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new ConfigurationError(
      name,
      `of MemoryStore must be a positive whole number, got ${String(value)}.`,
    );
  }
  return value;
}
