import type { Outcome } from '../passport/actions.js';
import type { LoginRequest } from '../passport/options.js';

interface Response {
  headersSent?: boolean;
  setHeader?: unknown;
}

/**
 * Sets `Retry-After` for a login that was refused for a time, where the host lets a request find its
 * response, as Express does. Not where Passport is to redirect: on a redirect the header means
 * something else (RFC 9110, section 10.2.3). It never throws.
 */
export function setRetryAfter(req: LoginRequest, options: object, outcome: Outcome): void {
  if (outcome.action !== 'fail' || outcome.info.retryAfter === undefined) return;
  if ('failureRedirect' in options && options.failureRedirect) return;
  const { res } = req as LoginRequest & { res?: Response };
  if (typeof res?.setHeader !== 'function' || res.headersSent) return;
  res.setHeader('Retry-After', String(outcome.info.retryAfter));
}
