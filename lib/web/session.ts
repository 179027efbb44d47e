import type { LaunchKeySessions } from '../login/sessions.js';
import type { LoginRequest } from '../options.js';

/** Middleware as {@link LaunchKeyStrategy.session} makes it. */
export type SessionHandler = (req: any, res: any, next: (err?: any) => void) => void;

type LogIn = (...args: any[]) => any;

/**
 * What this strategy keeps in the browser's session: the handle of the LaunchKey session that
 * logged it in. Not the engine's token: some session stores keep everything in a cookie.
 */
export class BrowserSession {
  private readonly key: string;

  constructor(strategyName: string) {
    this.key = `launchkey:${strategyName}`;
  }

  /** The handle, or `undefined` where this browser was not logged in by a LaunchKey session. */
  get(req: LoginRequest): string | undefined {
    const handle = req.session?.[this.key];
    return typeof handle === 'string' ? handle : undefined;
  }

  /** Takes the handle out of the session. */
  take(req: LoginRequest): string | undefined {
    const handle = this.get(req);
    if (handle !== undefined) delete req.session[this.key];
    return handle;
  }

  /**
   * Writes the handle when the user is logged in. Not before: Passport makes a new session at
   * that moment, and in some hosts the application itself calls `logIn`, or nobody does.
   */
  keepAtLogIn(req: LoginRequest, handle: string): void {
    const host = req as LoginRequest & { logIn?: LogIn; login?: LogIn };
    const logIn = host.logIn ?? host.login;
    if (typeof logIn !== 'function') return;
    const wrapped = this.wrap(req, logIn, handle);
    host.logIn = wrapped;
    host.login = wrapped;
  }

  private wrap(req: LoginRequest, logIn: LogIn, handle: string): LogIn {
    const keep = () => {
      if (req.session) req.session[this.key] = handle;
    };
    return function (this: unknown, ...args: any[]) {
      const done = args.at(-1);
      const noSession = args.some((arg) => arg?.session === false);
      if (noSession) return logIn.apply(this, args);
      if (typeof done === 'function') {
        return logIn.call(this, ...args.slice(0, -1), (error: unknown, ...rest: unknown[]) => {
          if (!error) keep();
          done(error, ...rest);
        });
      }
      return Promise.resolve(logIn.apply(this, args)).then((result) => {
        keep();
        return result;
      });
    };
  }
}

/** See {@link LaunchKeyStrategy.session}. */
export function sessionHandler(
  browserSession: BrowserSession,
  sessions: LaunchKeySessions,
): SessionHandler {
  return (req, _res, next) => {
    const handle = browserSession.get(req);
    if (!handle) return next();
    sessions.isOpen(handle).then((open) => {
      if (open) return next();
      browserSession.take(req);
      return req.logout(next);
    }, next);
  };
}
