import type { LoginRequest } from './request.js';

interface Response {
  headersSent?: boolean;
  setHeader?: unknown;
}

/**
 * Sets the `Retry-After` header if the host's request refers to its response, as in Express. Never
 * throws.
 */
export function setRetryAfter(req: LoginRequest, seconds: number): void {
  const { res } = req as LoginRequest & { res?: Response };
  if (typeof res?.setHeader !== 'function' || res.headersSent) return;
  res.setHeader('Retry-After', String(seconds));
}
