import { type Channel, channel } from 'node:diagnostics_channel';
import type { PendingLogin } from '../store/store.js';
import type { LoginCode, LoginInfo } from './verdict.js';

/**
 * The names of the `node:diagnostics_channel` channels on which the strategy says what happens.
 * Nothing is made for a channel that nobody has subscribed to. No message holds a key, a package or
 * the engine's token of an auth request; a login is named by its handle.
 */
export const CHANNELS = {
  /** {@link LoginStarted}: a user was asked. */
  started: 'passport-launchkey:login:started',
  /** {@link LoginAnswered}: the user's answer, or the browser's cancel, is in the store. */
  answered: 'passport-launchkey:login:answered',
  /** {@link LoginFinished}: how a login ended. */
  finished: 'passport-launchkey:login:finished',
  /** {@link LoginRefused}: nobody was asked. */
  refused: 'passport-launchkey:login:refused',
  /** {@link LoginFailed}: a login request ended in an error. */
  failed: 'passport-launchkey:login:failed',
  /** {@link EventReceived}: a server-side event came. */
  event: 'passport-launchkey:event:received',
  /** {@link SessionEnded}: LaunchKey sessions have ended. */
  ended: 'passport-launchkey:session:ended',
} as const;

/** What every message says. */
export interface Diagnosis {
  /** The name of the strategy. */
  strategy: string;
}

/** A push was sent, and the login waits for its answer. */
export interface LoginStarted extends Diagnosis {
  /** The handle of the login. */
  login: string;
  /** The name that was typed in; nothing proves it yet. */
  username: string;
  /** What an approval leads to. */
  authType: 'session' | 'transaction';
  /** When the login expires. */
  expiresAt: Date;
  /** `true` where the user cannot be asked and `concealUsers` hides it: nobody will answer. */
  decoy: boolean;
}

/** Published by the process that the answer came to. */
export interface LoginAnswered extends Diagnosis {
  /** The handle of the login. */
  login: string;
  /** Whether the user approved. */
  approved: boolean;
  /** Why not, where the device says so; `'cancelled'` if the browser gave up. */
  reason?: string | undefined;
  /** Milliseconds since the login was started. */
  after: number;
}

/**
 * Published by the process in which a login ended: once, unless a browser left just before it could be
 * told and came back for it.
 */
export interface LoginFinished extends Diagnosis {
  /** The handle of the login. */
  login: string;
  /** `'approved'` if somebody was logged in; `'left'` if the browser went away while it was held. */
  outcome: 'approved' | 'left' | LoginCode;
  /** Who was logged in. */
  userHash?: string | undefined;
  /** Milliseconds since the login was started. */
  after: number;
}

/** A login that was refused before anybody was asked. */
export interface LoginRefused extends Diagnosis {
  /** Why. */
  code: LoginCode;
  /** The name that was typed in, where there was one. */
  username?: string | undefined;
}

/** A login request that ended in Passport's error. */
export interface LoginFailed extends Diagnosis {
  error: unknown;
}

/** A server-side event and what became of it. */
export interface EventReceived extends Diagnosis {
  /** The HTTP status that it is answered with. */
  status: number;
  /** What kind of event it was, where that could be told. */
  type?: 'auth' | 'logout' | undefined;
  /** Why it was refused, or could not be handled. */
  error?: Error | undefined;
}

/** LaunchKey sessions that have ended. */
export interface SessionEnded extends Diagnosis {
  /** Who ended them: the user on the device, or the application by `strategy.logout()`. */
  by: 'device' | 'application';
  /** The handles of the logins that had opened them. */
  logins: string[];
  /** Whose they were, with `'device'`. */
  userHash?: string | undefined;
}

const channels = Object.fromEntries(
  Object.entries(CHANNELS).map(([key, name]) => [key, channel(name)]),
) as Record<keyof typeof CHANNELS, Channel<object>>;

/** Publishes what happens to the logins of one strategy. */
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

  private publish(name: keyof typeof CHANNELS, message: () => object): void {
    const to = channels[name];
    if (to.hasSubscribers) to.publish({ strategy: this.strategy, ...message() });
  }
}
