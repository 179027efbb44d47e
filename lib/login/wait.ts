import type { AuthPackageReading, LaunchKeyClient, PollAnswer } from '../client/client.js';
import {
  ExpiredAuthRequestError,
  LaunchKeyError,
  STALE_STAMP,
  UnknownAuthRequestError,
} from '../errors.js';
import type { PendingLogin, Store } from '../store/store.js';
import { jitter } from '../util/jitter.js';
import { keepAnswer } from './answer.js';
import type { Diagnostics } from './diagnostics.js';

/** How answers are waited for. */
export interface WaitSettings {
  /** Whether the engine is polled, or only the store (an event) brings the answer. */
  poll: boolean;
  /** Milliseconds between two polls of an engine that does not hold them. */
  pollInterval: number;
  /** Seconds for which the engine is asked to hold a poll; 0 for not at all. */
  longPoll: number;
  /** Whether a wait shows nothing of the engine but the answer; see `conceal.ts`. */
  concealUsers: boolean;
}

/** How a wait ended: there is an answer in the store, or there will be none. */
export type WaitOutcome = 'answered' | 'expired';

/** One caller's share in a wait. */
export interface Membership {
  /** Rejects if the engine or the store cannot be used; see {@link LoginWaits}. */
  readonly outcome: Promise<WaitOutcome>;
  /** Stops caring. The wait itself stops soon after nobody is left. */
  leave(): void;
}

/** How long a held poll may still bring the answer that an event announced, in milliseconds. */
const GRACE = 500;
/** A held poll that comes back empty sooner than this was not held, in milliseconds. */
const HELD_AT_LEAST = 1000;
/**
 * For how long a wait goes on that nobody needs, in milliseconds. To give up a poll takes time, by
 * which a login that is polled for would be told from a decoy if it came before the browser's answer.
 * And the page that was just answered asks again.
 */
const LINGER = 100;
/** Why waiting stops: made once, since the reason that Node makes for each abort holds a stack. */
const OVER = new Error('The wait is over');
/** The longest pauses between polls: as multiples of the interval, and after errors in ms. */
const SLOWEST = 5;
const LONGEST_BACKOFF = 15_000;

/**
 * Waits for answers. However many requests wait for one login, the engine sees one poll at a
 * time, and the store decides which of poll and event came first.
 *
 * Lost connections, 5xx and "too many requests" are waited out with backoff until the login
 * expires; if the engine is still away then, that is the error. Everything else, above all bad
 * credentials, ends the wait at once. Where users are concealed, all of it is waited out, and a wait
 * ends in an answer or by the clock.
 */
export class LoginWaits {
  readonly store: Store;
  readonly diagnostics: Diagnostics;
  private readonly client: LaunchKeyClient;
  private readonly settings: WaitSettings;
  private readonly waits = new Map<string, LoginWait>();
  private readonly questions = new Map<string, Promise<void>>();

  constructor(
    client: LaunchKeyClient,
    store: Store,
    settings: WaitSettings,
    diagnostics: Diagnostics,
  ) {
    this.client = client;
    this.store = store;
    this.settings = settings;
    this.diagnostics = diagnostics;
  }

  /**
   * Joins the wait for a login, or begins it.
   *
   * @param onTrouble - called when the engine cannot be used for the moment; the wait goes on.
   */
  join(login: PendingLogin, onTrouble: () => void = () => {}): Membership {
    const under = this.waits.get(login.handle);
    if (under) return under.join(onTrouble);
    const wait: LoginWait = new LoginWait(this.client, this.store, this.settings, login, {
      keep: (answer) => this.keep(login, answer),
      forget: () => {
        if (this.waits.get(login.handle) === wait) this.waits.delete(login.handle);
      },
    });
    this.waits.set(login.handle, wait);
    return wait.join(onTrouble);
  }

  /**
   * Asks the engine now whether there is an answer, and keeps it. Uses the poll that is under way
   * in this process where there is one. Of a decoy the engine knows nothing.
   *
   * @throws what the client throws, if the engine cannot be asked.
   */
  async ask(login: PendingLogin): Promise<void> {
    if (login.decoy) return;
    const wait = this.waits.get(login.handle);
    if (wait?.polls) return wait.ask();
    let question = this.questions.get(login.handle);
    if (!question) {
      question = this.askOnce(login).finally(() => this.questions.delete(login.handle));
      this.questions.set(login.handle, question);
    }
    return question;
  }

  private async askOnce(login: PendingLogin): Promise<void> {
    const { answer } = await this.client.poll(login.authRequest, {});
    if (answer) await this.keep(login, answer);
  }

  /** Whether it was one to keep. */
  private async keep(login: PendingLogin, answer: PollAnswer): Promise<boolean> {
    const read = await this.client.readAnswer(login.authRequest, answer);
    if (this.settings.concealUsers && isNoAnswer(read)) return false;
    await keepAnswer(this, login, answer, read);
    return true;
  }
}

interface Asker {
  /** Whether the poll now under way began after the question. */
  covered: boolean;
  resolve(): void;
  reject(error: unknown): void;
}

/** What a wait needs of those who keep it. */
interface WaitUses {
  /** Keeps the answer that a poll brought, if it is one to keep. */
  keep(answer: PollAnswer): Promise<boolean>;
  /** Called when the wait has ended. */
  forget(): void;
}

/** The wait for one login in this process. */
class LoginWait {
  readonly polls: boolean;
  private readonly client: LaunchKeyClient;
  private readonly store: Store;
  private readonly settings: WaitSettings;
  private readonly login: PendingLogin;
  private readonly outcome: Promise<WaitOutcome>;
  private readonly uses: WaitUses;
  /** What each member wants called when there is trouble. */
  private readonly members = new Set<{ onTrouble(): void }>();
  /** Aborted when the wait is over. */
  private readonly over = new AbortController();
  /** Aborted when the poll under way is to be given up; a new one takes its place. */
  private pollStop = new AbortController();
  private polling = false;
  private wake: (() => void) | undefined;
  private askers: Asker[] = [];
  private interval: number;
  private failures = 0;
  /** The last trouble with the engine, as long as it lasts. */
  private trouble: unknown;

  constructor(
    client: LaunchKeyClient,
    store: Store,
    settings: WaitSettings,
    login: PendingLogin,
    uses: WaitUses,
  ) {
    this.client = client;
    this.store = store;
    this.settings = settings;
    this.login = login;
    this.uses = uses;
    this.polls = settings.poll && !login.decoy;
    this.interval = settings.pollInterval;
    this.outcome = this.run();
    // Whoever is still a member handles the rejection; after the last one left, nobody needs to.
    this.outcome.catch(() => {});
  }

  join(onTrouble: () => void): Membership {
    const member = { onTrouble };
    this.members.add(member);
    if (this.trouble) onTrouble();
    return {
      outcome: this.outcome,
      leave: () => {
        if (this.members.delete(member) && this.members.size === 0) this.stopUnlessNeeded();
      },
    };
  }

  /** Whoever asks meanwhile is to be answered by a poll, and not by the end of the wait. */
  private stopUnlessNeeded(): void {
    setTimeout(() => {
      if (this.members.size > 0) return;
      if (this.askers.length > 0) this.stopUnlessNeeded();
      else this.stop();
    }, LINGER).unref();
  }

  ask(): Promise<void> {
    return new Promise((resolve, reject) => {
      const asker: Asker = { covered: false, resolve, reject };
      this.askers.push(asker);
      this.wake?.();
      if (!this.polling || this.settings.longPoll === 0) return;
      // The held poll most likely brings the same answer at this very moment. If its connection
      // is dead without anybody having noticed, a new one is tried.
      setTimeout(() => {
        if (this.askers.includes(asker) && !asker.covered) this.pollStop.abort(OVER);
      }, GRACE).unref();
    });
  }

  private async run(): Promise<WaitOutcome> {
    let timer: NodeJS.Timeout | undefined;
    const expired = new Promise<WaitOutcome>((resolve, reject) => {
      const expire = () => (this.trouble ? reject(this.trouble) : resolve('expired'));
      timer = setTimeout(expire, Math.max(0, this.login.expiresAt - Date.now())).unref();
    });
    try {
      const ends = [expired, this.woken()];
      if (this.polls) ends.push(this.poll());
      return await Promise.race(ends);
    } finally {
      clearTimeout(timer);
      this.uses.forget();
      setTimeout(() => this.stop(), LINGER).unref();
    }
  }

  /** Stops everything that is under way. Harmless when it has stopped already. */
  private stop(): void {
    this.uses.forget();
    this.over.abort(OVER);
    this.pollStop.abort(OVER);
    this.wake?.();
    this.settleAskers(true);
  }

  private async woken(): Promise<WaitOutcome> {
    const record = await this.store.waitForAnswer(this.login.handle, this.over.signal);
    return record ? 'answered' : 'expired';
  }

  private async poll(): Promise<WaitOutcome> {
    while (!this.over.signal.aborted) {
      const next = await this.pollOnce();
      if (typeof next === 'string') return next;
      if (!this.askers.length) await this.sleep(next);
    }
    return 'expired';
  }

  /** One poll: how the wait ended, or after how many milliseconds to poll again. */
  private async pollOnce(): Promise<WaitOutcome | number> {
    const wait = this.askers.length ? 0 : this.settings.longPoll;
    for (const asker of this.askers) asker.covered = true;
    if (this.pollStop.signal.aborted) this.pollStop = new AbortController();
    const { signal } = this.pollStop;
    const began = performance.now();
    this.polling = true;
    try {
      const { answer, held, retryAfter } = await this.client.poll(this.login.authRequest, {
        wait,
        signal,
      });
      this.trouble = undefined;
      this.failures = 0;
      const kept = answer !== null && (await this.uses.keep(answer));
      this.settleAskers(answer !== null);
      if (answer) return kept ? 'answered' : this.timeLeft();
      if (held && performance.now() - began >= HELD_AT_LEAST) return 0;
      return this.nextInterval(retryAfter);
    } catch (error) {
      if (signal.aborted) return 0;
      if (this.settings.concealUsers) return this.endureUnseen(error);
      if (isGone(error)) return 'expired';
      this.failAskers(error);
      if (!(error instanceof LaunchKeyError && error.retryable)) throw error;
      this.trouble = error;
      for (const { onTrouble } of this.members) onTrouble();
      return backoff(this.settings.pollInterval, this.failures++, error.retryAfter);
    } finally {
      this.polling = false;
    }
  }

  /** No failure shows; where there is nothing to hope for, the rest of the time is sat out. */
  private endureUnseen(error: unknown): number {
    this.failAskers(error);
    if (isGone(error)) return this.timeLeft();
    return backoff(
      this.settings.pollInterval,
      this.failures++,
      error instanceof LaunchKeyError ? error.retryAfter : undefined,
    );
  }

  private timeLeft(): number {
    return Math.max(0, this.login.expiresAt - Date.now());
  }

  private nextInterval(retryAfter = 0): number {
    const { pollInterval } = this.settings;
    const pause = jitter(this.interval);
    this.interval = Math.min(this.interval * 1.25, pollInterval * SLOWEST);
    return Math.max(pause, retryAfter * 1000);
  }

  private sleep(ms: number): Promise<void> {
    if (ms === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.wake?.(), ms).unref();
      this.wake = () => {
        clearTimeout(timer);
        this.wake = undefined;
        resolve();
      };
    });
  }

  /** Answers those whose question came before the poll; all of them when it brought an answer. */
  private settleAskers(all: boolean): void {
    const settled = this.askers.filter((asker) => all || asker.covered);
    this.askers = this.askers.filter((asker) => !settled.includes(asker));
    for (const asker of settled) asker.resolve();
  }

  private failAskers(error: unknown): void {
    const askers = this.askers;
    this.askers = [];
    for (const asker of askers) asker.reject(error);
  }
}

/**
 * How long to wait before trying again what has failed, in milliseconds.
 *
 * @param failures - how often it had failed before.
 * @param retryAfter - the seconds that the engine asked for.
 */
export function backoff(pollInterval: number, failures: number, retryAfter = 0): number {
  const pause = pollInterval * 2 ** Math.min(failures, 10);
  return Math.max(jitter(Math.min(pause, LONGEST_BACKOFF)), retryAfter * 1000);
}

/** Whether the engine says that there will be no answer to this auth request any more. */
export function isGone(error: unknown): boolean {
  return (
    error instanceof UnknownAuthRequestError ||
    (error instanceof ExpiredAuthRequestError && error.code !== STALE_STAMP)
  );
}

/** Whether the device says that its user did not answer: by its own clock, not by ours. */
function isNoAnswer({ authorized, reason }: AuthPackageReading): boolean {
  return !authorized && reason === 'expired';
}
