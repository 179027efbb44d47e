import { inspect } from 'node:util';
import { Places } from './places.js';
import {
  type Answer,
  keptAlready,
  type LaunchKeySession,
  type LoginRecord,
  type PendingLogin,
  type Place,
  type Store,
  StoreFullError,
} from './store.js';

/** Options of {@link MemoryStore}. */
export interface MemoryStoreOptions {
  /** How many logins are kept at most. Default 100,000. Finished ones make room for new ones;
   * where all of them wait, a new one is refused. */
  maxLogins?: number | undefined;
  /**
   * How many LaunchKey sessions are kept at most; beyond it the oldest is dropped, which logs
   * its browser out. Default 100,000.
   */
  maxSessions?: number | undefined;
}

interface Kept<T> {
  record: T;
  until: number;
}

interface KeptLogin extends Kept<LoginRecord> {
  /** Called once when the login is answered. Left out until somebody waits. */
  waiters?: Set<() => void> | undefined;
}

interface KeptSession extends Kept<LaunchKeySession> {
  ended: boolean;
}

/**
 * Keeps logins and LaunchKey sessions in the memory of this process: the default, right for one
 * process whose restart may end what is under way. It sets no timers: what has expired is never
 * handed out, and is dropped as new logins come in.
 */
export class MemoryStore implements Store {
  private readonly logins = new Map<string, KeptLogin>();
  private readonly sessions = new Map<string, KeptSession>();
  /** Handles by user, so that a remote logout does not look at everybody's sessions. */
  private readonly sessionsOfUser = new Map<string, Set<string>>();
  private readonly places: Places;
  private readonly maxLogins: number;
  private readonly maxSessions: number;

  constructor({ maxLogins = 100_000, maxSessions = 100_000 }: MemoryStoreOptions = {}) {
    this.maxLogins = positiveInteger('maxLogins', maxLogins);
    this.maxSessions = positiveInteger('maxSessions', maxSessions);
    this.places = new Places(this.maxLogins);
  }

  async add(login: PendingLogin, ttl: number): Promise<void> {
    const now = Date.now();
    dropExpired(this.logins, now, this.logins.size >= this.maxLogins);
    if (this.logins.size >= this.maxLogins) this.dropFinished();
    if (this.logins.size >= this.maxLogins) throw new StoreFullError(this.maxLogins);
    if (this.live(login.handle)) throw keptAlready();
    this.logins.set(login.handle, {
      record: Object.freeze({ ...login, state: 'pending' as const }),
      until: now + ttl,
    });
  }

  async takePlace(place: Place, limit: number, ttl: number): Promise<number | null> {
    return this.places.take(place, limit, ttl);
  }

  async leavePlace(place: Place): Promise<void> {
    this.places.leave(place);
  }

  async get(handle: string): Promise<LoginRecord | null> {
    return this.live(handle)?.record ?? null;
  }

  async answer(handle: string, answer: Answer): Promise<boolean> {
    const kept = this.live(handle);
    if (kept?.record.state !== 'pending') return false;
    kept.record = Object.freeze({
      ...kept.record,
      state: 'answered' as const,
      answer: Object.freeze({ ...answer }),
    });
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
        resolve(kept.record);
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
      until: now + ttl,
      ended: false,
    });
    const handles = this.sessionsOfUser.get(session.userHash) ?? new Set();
    this.sessionsOfUser.set(session.userHash, handles.add(session.handle));
  }

  async getSession(handle: string): Promise<LaunchKeySession | null> {
    const kept = this.sessions.get(handle);
    return kept && !kept.ended && kept.until > Date.now() ? kept.record : null;
  }

  async endSessions(userHash: string, until: number): Promise<LaunchKeySession[]> {
    const ended: LaunchKeySession[] = [];
    for (const handle of this.sessionsOfUser.get(userHash) ?? []) {
      const kept = this.sessions.get(handle);
      if (!kept || kept.until <= Date.now()) continue;
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

  /** Shows how much is kept and not what: the records hold tokens. */
  [inspect.custom](): string {
    return `MemoryStore { logins: ${this.logins.size}, sessions: ${this.sessions.size} }`;
  }

  private live(handle: string): KeptLogin | undefined {
    const kept = this.logins.get(handle);
    return kept && kept.until > Date.now() ? kept : undefined;
  }

  /** Finished logins are kept to recognise what comes twice; a login that waits needs the room more. */
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
 * The store of a strategy that was given none. In production that may be an oversight, since a
 * second process would know nothing of the first one's logins; so the process says it, once.
 * An application that makes its own {@link MemoryStore} has decided, and hears nothing.
 */
export function defaultStore(): MemoryStore {
  if (process.env.NODE_ENV === 'production' && !warned) {
    warned = true;
    process.emitWarning(
      'Logins are kept in the memory of this process, since LaunchKeyStrategy was given no store.',
      {
        code: 'LAUNCHKEY_MEMORY_STORE',
        detail:
          'Several processes need one that they share, such as RedisStore. If this is the only one, pass store: new MemoryStore().',
      },
    );
  }
  return new MemoryStore();
}

/**
 * Drops what has expired. Maps keep the order of insertion and the records of one strategy live
 * equally long, so the expired ones stand in front; a `thorough` pass looks at all of them.
 */
function dropExpired<T extends Kept<unknown>>(
  map: Map<string, T>,
  now: number,
  thorough: boolean,
): T[] {
  const dropped: T[] = [];
  for (const [key, kept] of map) {
    if (kept.until <= now) {
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
    throw new TypeError(
      `MemoryStore option '${name}' must be a positive whole number, got ${String(value)}.`,
    );
  }
  return value;
}
