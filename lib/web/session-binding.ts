import type { LaunchKeyClient } from '../client/client.js';
import { ConfigurationError } from '../errors.js';
import type { Diagnostics } from '../login/diagnostics.js';
import { handleOf } from '../login/handle.js';
import type { AuthResponse } from '../login/verdict.js';
import type { PendingLogin, Store } from '../store/store.js';
import { startTimer } from '../util/timers.js';
import type { BrowserSession } from './browser-session.js';
import { responseOf } from './host-response.js';
import type { LoginRequest } from './request.js';

/** The time in which a host without access to its response must log the browser in. */
const BINDING_TIMEOUT_MS = 60_000;
/** Logins beyond these are not watched. */
const MAX_WATCHED_LOGINS = 10_000;

interface SessionBindingParts {
  client: LaunchKeyClient;
  store: Store;
  diagnostics: Diagnostics;
  browserSession: BrowserSession;
}

/**
 * Connects LaunchKey sessions with what a browser keeps of its login, and publishes a warning about
 * a session that stayed without: a logout on the device could not end it.
 */
export class SessionBinding {
  private readonly parts: SessionBindingParts;
  /** Stops the watch of each login that is not bound yet. */
  private readonly watched = new Map<string, () => void>();

  constructor(parts: SessionBindingParts) {
    this.parts = parts;
    parts.browserSession.onBound = (handle) => this.confirm(handle);
  }

  /** Expects that the login is bound before the response to its request has been sent. */
  expect({ handle }: PendingLogin, req: LoginRequest): void {
    if (this.watched.size >= MAX_WATCHED_LOGINS) return;
    const response = responseOf(req);
    const report = () => {
      if (this.confirm(handle)) this.parts.diagnostics.warning(unbound(handle));
    };
    const stopTimer = startTimer(report, BINDING_TIMEOUT_MS);
    response?.once?.('close', report);
    this.watched.set(handle, () => {
      stopTimer();
      response?.removeListener?.('close', report);
    });
  }

  /**
   * Binds a LaunchKey session to the browser session of a request, if it has one.
   *
   * @returns the handle of the LaunchKey session.
   * @throws ConfigurationError if the response is not that of a login, or the login is a transaction, which opens no LaunchKey session; the
   *   error of the store.
   */
  async bind(req: LoginRequest, response: object | undefined): Promise<string> {
    const { client, store, browserSession } = this.parts;
    const handle = handleOf(client.appKey, authRequestOf(response));
    const login = await store.get(handle);
    if (login?.session === false) {
      throw new ConfigurationError(
        'authType',
        "is 'transaction' for this login, which opens no LaunchKey session. Set authType: 'session' where the user can log out on the phone.",
      );
    }
    this.confirm(handle);
    if (!req.session) return handle;
    browserSession.bind(req, handle);
    await saveSession(req.session);
    return handle;
  }

  /** Ends the watch of a login. Returns whether it was watched. */
  private confirm(handle: string): boolean {
    this.watched.get(handle)?.();
    return this.watched.delete(handle);
  }
}

function authRequestOf(response: Partial<AuthResponse> | undefined): string {
  const authRequest = response?.authRequest;
  if (typeof authRequest === 'string' && authRequest !== '') return authRequest;
  throw new ConfigurationError(
    'response',
    'is not the response of a login. Return [user, response] in verify, and pass it from there.',
  );
}

/** Stores a session now, in hosts that would do it after the response. */
async function saveSession(session: { save?: unknown }): Promise<void> {
  const { save } = session;
  if (typeof save !== 'function') return;
  await new Promise<void>((resolve, reject) => {
    const done = (error?: unknown) => (error ? reject(error) : resolve());
    Promise.resolve(save.call(session, done)).catch(reject);
  });
}

function unbound(login: string) {
  return {
    code: 'unbound_session',
    login,
    message:
      'The user was logged in, and no browser session was bound to the LaunchKey session: a logout on the phone does not end this login. Log in by the req.logIn() of the request that was authenticated, or call strategy.bindSession(); for a login without remote logout set authType to "transaction".',
  } as const;
}
