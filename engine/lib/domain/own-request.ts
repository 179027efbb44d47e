import type { AppRecord } from '../data/ports/apps.js';
import type { PastRequest, RequestRecord } from '../data/ports/requests.js';

/**
 * Returns the request if the application made it. A request that has expired by the clock counts as past
 * before it is swept, but an approved session outlives its request.
 */
export function ownRequest(
  request: RequestRecord | PastRequest | undefined,
  app: AppRecord,
  now: number,
): RequestRecord | PastRequest | undefined {
  if (request?.appKey !== app.appKey) return undefined;
  if ('past' in request || request.expiresAt > now) return request;
  const lives = request.answer?.approved && request.session;
  return lives ? request : { past: true, appKey: app.appKey, hadSession: false };
}
