import type { LaunchKeyClient, PollAnswer } from '../client/client.js';
import { LaunchKeyError } from '../errors.js';
import type { PendingLogin } from '../store/store.js';
import { backoff } from '../util/backoff.js';
import { jitter } from '../util/jitter.js';
import { startTimer } from '../util/timers.js';
import { isAuthRequestGone, isRetryable } from './engine-errors.js';

/** How the application waits for answers. */
export interface WaitSettings {
  /** Whether the engine is polled; otherwise only events bring answers. */
  poll: boolean;
  /** Milliseconds between two polls of an engine that does not hold them. */
  pollInterval: number;
  /** Seconds for which the engine is asked to hold a poll; with 0 it is not asked. */
  longPoll: number;
  /** Whether a wait shows nothing of the engine but the answer; see `conceal.ts`. */
  concealUsers: boolean;
}

/**
 * How a wait ended: the store has an answer, or the engine or the clock says that none will come.
 */
export type WaitOutcome = 'answered' | 'expired';

/** What a {@link PollLoop} is made of. */
export interface PollLoopOptions {
  client: LaunchKeyClient;
  login: PendingLogin;
  settings: WaitSettings;
  /** Records an answer. Resolves to `false` if the answer is ignored. */
  record(answer: PollAnswer): Promise<boolean>;
  /** Called at each failure to reach the engine. */
  onTrouble(): void;
}

/** A held poll has this time to bring the answer that an event announced. */
const EVENT_GRACE_MS = 500;
/** A poll that the engine ends sooner without an answer was not held. */
const MIN_HOLD_MS = 1000;
/** The pause between polls grows by this factor, up to this multiple of the interval. */
const PAUSE_GROWTH = 1.25;
const MAX_PAUSE_MULTIPLE = 5;
/** Created once, because the default reason of each abort holds a stack. */
const POLL_STOPPED = new Error('This poll is no longer needed.');

/** A caller that needs the current answer of the engine. */
interface Question {
  /** Whether the current poll was sent after the question. */
  covered: boolean;
  resolve(): void;
  reject(error: unknown): void;
}

/** Polls the engine for the answer to one auth request, one poll at a time. */
export class PollLoop {
  /** The last failure to reach the engine, while it lasts. */
  trouble: unknown;
  private readonly options: PollLoopOptions;
  private stopped = false;
  /** Aborts the current poll; the next one gets a new controller. */
  private currentPoll = new AbortController();
  private polling = false;
  private wake: (() => void) | undefined;
  private questions: Question[] = [];
  private pauseMs: number;
  private failures = 0;

  constructor(options: PollLoopOptions) {
    this.options = options;
    this.pauseMs = options.settings.pollInterval;
  }

  /** Whether callers of {@link PollLoop.ask} are waiting. */
  get hasQuestions(): boolean {
    return this.questions.length > 0;
  }

  /**
   * Polls until there is an answer, the engine says that none will come, or the loop is stopped.
   */
  async run(): Promise<WaitOutcome> {
    while (!this.stopped) {
      const next = await this.pollOnce();
      if (typeof next === 'string') return next;
      if (!this.hasQuestions) await this.sleep(next);
    }
    return 'expired';
  }

  /** Stops the loop, and resolves all questions. */
  stop(): void {
    this.stopped = true;
    this.currentPoll.abort(POLL_STOPPED);
    this.wake?.();
    this.resolveQuestions(true);
  }

  /**
   * Resolves when a poll that was sent after this call has returned, or any poll has brought the
   * answer.
   *
   * @throws the error of that poll.
   */
  ask(): Promise<void> {
    return new Promise((resolve, reject) => {
      const question: Question = { covered: false, resolve, reject };
      this.questions.push(question);
      this.wake?.();
      if (!this.polling || this.options.settings.longPoll === 0) return;
      // The held poll most likely brings the same answer at this moment. If its connection is dead
      // without notice, a new poll is sent.
      startTimer(() => {
        if (this.questions.includes(question) && !question.covered) {
          this.currentPoll.abort(POLL_STOPPED);
        }
      }, EVENT_GRACE_MS);
    });
  }

  /** Polls once. Resolves to the outcome, or to the pause before the next poll in milliseconds. */
  private async pollOnce(): Promise<WaitOutcome | number> {
    const { client, login, settings } = this.options;
    const wait = this.hasQuestions ? 0 : settings.longPoll;
    for (const question of this.questions) question.covered = true;
    if (this.currentPoll.signal.aborted) this.currentPoll = new AbortController();
    const { signal } = this.currentPoll;
    const sentAt = performance.now();
    this.polling = true;
    try {
      const { answer, held, retryAfter } = await client.poll(login.authRequest, { wait, signal });
      this.trouble = undefined;
      this.failures = 0;
      const recorded = answer !== null && (await this.options.record(answer));
      this.resolveQuestions(answer !== null);
      if (answer) return recorded ? 'answered' : this.remainingMs();
      if (held && performance.now() - sentAt >= MIN_HOLD_MS) return 0;
      return this.nextPauseMs(retryAfter);
    } catch (error) {
      if (signal.aborted) return 0;
      return settings.concealUsers ? this.concealFailure(error) : this.handleFailure(error);
    } finally {
      this.polling = false;
    }
  }

  private handleFailure(error: unknown): WaitOutcome | number {
    if (isAuthRequestGone(error)) return 'expired';
    this.rejectQuestions(error);
    if (!isRetryable(error)) throw error;
    this.trouble = error;
    this.options.onTrouble();
    return backoff(this.options.settings.pollInterval, this.failures++, error.retryAfter);
  }

  /**
   * Hides every failure. If no answer can come any more, the loop pauses until the login expires.
   */
  private concealFailure(error: unknown): number {
    this.rejectQuestions(error);
    if (isAuthRequestGone(error)) return this.remainingMs();
    const retryAfter = error instanceof LaunchKeyError ? error.retryAfter : undefined;
    return backoff(this.options.settings.pollInterval, this.failures++, retryAfter);
  }

  private remainingMs(): number {
    return Math.max(0, this.options.login.expiresAt - Date.now());
  }

  private nextPauseMs(retryAfter = 0): number {
    const { pollInterval } = this.options.settings;
    const pause = jitter(this.pauseMs);
    this.pauseMs = Math.min(this.pauseMs * PAUSE_GROWTH, pollInterval * MAX_PAUSE_MULTIPLE);
    return Math.max(pause, retryAfter * 1000);
  }

  private sleep(ms: number): Promise<void> {
    if (ms === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const stopTimer = startTimer(() => this.wake?.(), ms);
      this.wake = () => {
        stopTimer();
        this.wake = undefined;
        resolve();
      };
    });
  }

  /** Resolves the questions that came before the poll, or all of them. */
  private resolveQuestions(all: boolean): void {
    const resolved = this.questions.filter((question) => all || question.covered);
    this.questions = this.questions.filter((question) => !resolved.includes(question));
    for (const question of resolved) question.resolve();
  }

  private rejectQuestions(error: unknown): void {
    const questions = this.questions;
    this.questions = [];
    for (const question of questions) question.reject(error);
  }
}
