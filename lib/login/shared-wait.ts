import type { LaunchKeyClient, PollAnswer } from '../client/client.js';
import type { PendingLogin, Store } from '../store/store.js';
import { startTimer } from '../util/timers.js';
import { PollLoop, type WaitOutcome, type WaitSettings } from './poll-loop.js';

/** One caller's part in a shared wait. */
export interface WaitMembership {
  /** Rejects if the engine or the store cannot be used; see `LoginWaits`. */
  readonly outcome: Promise<WaitOutcome>;
  /** Leaves the wait, which stops soon after the last member has left. */
  leave(): void;
}

/** What a {@link SharedWait} is made of. */
export interface SharedWaitOptions {
  client: LaunchKeyClient;
  store: Store;
  settings: WaitSettings;
  login: PendingLogin;
  /** Records the answer that a poll brought. Resolves to `false` if the answer is ignored. */
  record(answer: PollAnswer): Promise<boolean>;
  /** Called when the wait has ended. */
  onEnd(): void;
}

/**
 * A wait without members goes on for this time. Stopping a poll takes time, and if it happened
 * before the browser's response, that time would tell a login with polls from a decoy. Besides, the
 * waiting page that has just got a response asks again.
 */
const LINGER_MS = 100;
/** Created once, because the default reason of each abort holds a stack. */
const WAIT_ENDED = new Error('The wait for this login has ended.');

/** The one wait for a login in this process: by polls, by the store and by the clock. */
export class SharedWait {
  /** The polls for this login, unless only events bring answers or the login is a decoy. */
  readonly polls: PollLoop | undefined;
  private readonly options: SharedWaitOptions;
  private readonly outcome: Promise<WaitOutcome>;
  private readonly members = new Set<{ onTrouble(): void }>();
  private readonly ended = new AbortController();

  constructor(options: SharedWaitOptions) {
    this.options = options;
    const { client, login, settings, record } = options;
    if (settings.poll && !login.decoy) {
      const onTrouble = () => this.reportTrouble();
      this.polls = new PollLoop({ client, login, settings, record, onTrouble });
    }
    this.outcome = this.run();
    // Members handle the rejection. After the last one has left, it concerns no one.
    this.outcome.catch(() => {});
  }

  join(onTrouble: () => void): WaitMembership {
    const member = { onTrouble };
    this.members.add(member);
    if (this.polls?.trouble) onTrouble();
    return {
      outcome: this.outcome,
      leave: () => {
        if (this.members.delete(member) && this.members.size === 0) this.stopIfUnused();
      },
    };
  }

  private reportTrouble(): void {
    for (const { onTrouble } of this.members) onTrouble();
  }

  /** Stops after a while, unless there are new members, or questions that a poll must answer. */
  private stopIfUnused(): void {
    startTimer(() => {
      if (this.members.size > 0) return;
      if (this.polls?.hasQuestions) this.stopIfUnused();
      else this.stop();
    }, LINGER_MS);
  }

  private async run(): Promise<WaitOutcome> {
    let stopTimer = () => {};
    const expiry = new Promise<WaitOutcome>((resolve, reject) => {
      const expire = () => (this.polls?.trouble ? reject(this.polls.trouble) : resolve('expired'));
      stopTimer = startTimer(expire, Math.max(0, this.options.login.expiresAt - Date.now()));
    });
    try {
      const ends = [expiry];
      // The store has no decoy to wait for.
      if (!this.options.login.decoy) ends.push(this.waitForStore());
      if (this.polls) ends.push(this.polls.run());
      return await Promise.race(ends);
    } finally {
      stopTimer();
      this.options.onEnd();
      startTimer(() => this.stop(), LINGER_MS);
    }
  }

  private async waitForStore(): Promise<WaitOutcome> {
    const { store, login } = this.options;
    const record = await store.waitForAnswer(login.handle, this.ended.signal);
    return record ? 'answered' : 'expired';
  }

  /** Stops everything that is under way. Does nothing if it has stopped already. */
  private stop(): void {
    this.options.onEnd();
    this.ended.abort(WAIT_ENDED);
    this.polls?.stop();
  }
}
