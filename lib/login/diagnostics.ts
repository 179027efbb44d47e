import { type Channel, channel } from 'node:diagnostics_channel';
import type { PendingLogin } from '../store/store.js';
import type { LoginCode, LoginInfo } from './verdict.js';

/**
 * The names of the `node:diagnostics_channel` channels on which the strategy publishes what
 * happens.
 *
 * Messages are created only for channels that have subscribers. No message contains a key, an auth
 * package or the engine's token of an auth request: a login is named by its handle.
 *
 * @example
 * ```ts
 * import { subscribe } from 'node:diagnostics_channel';
 * import { CHANNELS, type LoginFinished } from 'passport-launchkey';
 *
 * subscribe(CHANNELS.finished, (message) => {
 *   const { login, outcome, after } = message as LoginFinished;
 *   console.log(`Login ${login} ended as ${outcome} after ${after} ms`);
 * });
 * ```
 */
export const CHANNELS = {
  /** {@link LoginStarted}: a push was sent to a user. */
  started: 'passport-launchkey:login:started',
  /** {@link LoginAnswered}: the user answered, or the browser cancelled. */
  answered: 'passport-launchkey:login:answered',
  /** {@link LoginFinished}: a login ended. */
  finished: 'passport-launchkey:login:finished',
  /** {@link LoginRefused}: a login was refused, and no push was sent. */
  refused: 'passport-launchkey:login:refused',
  /** {@link LoginFailed}: a login request ended in an error. */
  failed: 'passport-launchkey:login:failed',
  /** {@link EventReceived}: a server-side event arrived. */
  event: 'passport-launchkey:event:received',
  /** {@link SessionEnded}: LaunchKey sessions ended. */
  ended: 'passport-launchkey:session:ended',
  /** {@link SetupWarning}: the application works, but not as it was meant. */
  warning: 'passport-launchkey:warning',
} as const;

/** The members of every message. */
export interface Diagnosis {
  /** The name of the strategy. */
  strategy: string;
}

/** Published when a push was sent and the login waits for its answer. */
export interface LoginStarted extends Diagnosis {
  /** The handle of the login. */
  login: string;
  /** The name that the user typed. It is not verified. */
  username: string;
  /** Whether an approval opens a LaunchKey session. */
  authType: 'session' | 'transaction';
  /** When the login expires. */
  expiresAt: Date;
  /**
   * `true` if the user cannot be asked and `concealUsers` hides this. Such a login gets no answer.
   */
  decoy: boolean;
}

/** Published by the process that received the answer. */
export interface LoginAnswered extends Diagnosis {
  /** The handle of the login. */
  login: string;
  /** Whether the user approved. */
  approved: boolean;
  /** The device's reason for a denial, if it gave one; `'cancelled'` if the browser cancelled. */
  reason?: string | undefined;
  /** Milliseconds since the login started. */
  after: number;
}

/**
 * Published by the process in which a login ended. It is published a second time if the browser
 * disconnected before the response and came back for it.
 */
export interface LoginFinished extends Diagnosis {
  /** The handle of the login. */
  login: string;
  /**
   * `'approved'` if the user was logged in; `'left'` if the browser disconnected while it waited.
   */
  outcome: 'approved' | 'left' | LoginCode;
  /** The user who was logged in. */
  userHash?: string | undefined;
  /** Milliseconds since the login started. */
  after: number;
}

/** Published when a login was refused before a push was sent. */
export interface LoginRefused extends Diagnosis {
  /** Why the login was refused. */
  code: LoginCode;
  /** The name that the user typed, if any. */
  username?: string | undefined;
}

/** Published when a login request ended in Passport's `error`. */
export interface LoginFailed extends Diagnosis {
  /** What was thrown. */
  error: unknown;
}

/** Published when a server-side event was handled or refused. */
export interface EventReceived extends Diagnosis {
  /** The HTTP status of the response. */
  status: number;
  /** The kind of event, if it could be read. */
  type?: 'auth' | 'logout' | undefined;
  /** Why the event was refused, or could not be handled. */
  error?: Error | undefined;
}

/** Published when LaunchKey sessions ended. */
export interface SessionEnded extends Diagnosis {
  /** Whether the user ended them on the device, or the application by `strategy.logout()`. */
  by: 'device' | 'application';
  /** The handles of the logins that opened them. */
  logins: string[];
  /** The user whose sessions they were, with `'device'`. */
  userHash?: string | undefined;
}

/** Published when a mistake of the application was noticed that is not an error. */
export interface SetupWarning extends Diagnosis {
  /**
   * What is wrong. `'unbound_session'`: a user was logged in, and a logout on the phone would not
   * end that login; see {@link LaunchKeyStrategy.bindSession}. `'unserved_wait_url'`: a browser was
   * redirected to `waitUrl`, and no request for the waiting page came.
   */
  code: 'unbound_session' | 'unserved_wait_url';
  /** What is wrong and what to do, in English, for the application's developer. */
  message: string;
  /** The handle of the login in which it was noticed. */
  login?: string | undefined;
}

const channels = Object.fromEntries(
  Object.entries(CHANNELS).map(([key, name]) => [key, channel(name)]),
) as Record<keyof typeof CHANNELS, Channel<object>>;

/** Publishes the diagnostics of one strategy. */
export class Diagnostics {
  private readonly strategy: string;

  constructor(strategy: string) {
    this.strategy = strategy;
  }

  started({ handle, username, session, expiresAt, decoy }: PendingLogin): void {
    this.publish('started', () => ({
      login: handle,
      username,
      authType: session ? 'session' : 'transaction',
      expiresAt: new Date(expiresAt),
      decoy: decoy === true,
    }));
  }

  answered({ handle, startedAt }: PendingLogin, approved: boolean, reason?: string): void {
    this.publish('answered', () => ({
      login: handle,
      approved,
      ...(reason !== undefined && { reason }),
      after: Date.now() - startedAt,
    }));
  }

  finished(
    { handle, startedAt }: PendingLogin,
    outcome: LoginFinished['outcome'],
    userHash?: string,
  ): void {
    this.publish('finished', () => ({
      login: handle,
      outcome,
      ...(userHash !== undefined && { userHash }),
      after: Date.now() - startedAt,
    }));
  }

  refused({ code }: LoginInfo, username?: string): void {
    this.publish('refused', () => ({ code, ...(username !== undefined && { username }) }));
  }

  failed(error: unknown): void {
    this.publish('failed', () => ({ error }));
  }

  event(result: Omit<EventReceived, 'strategy'>): void {
    this.publish('event', () => result);
  }

  ended(session: Omit<SessionEnded, 'strategy'>): void {
    this.publish('ended', () => session);
  }

  warning(warning: Omit<SetupWarning, 'strategy'>): void {
    this.publish('warning', () => warning);
  }

  private publish(name: keyof typeof CHANNELS, message: () => object): void {
    const target = channels[name];
    if (target.hasSubscribers) target.publish({ strategy: this.strategy, ...message() });
  }
}
