import type { Data } from '../data/data.js';
import type { AppRecord } from '../data/ports/apps.js';
import type { PastRequest, RequestRecord } from '../data/ports/requests.js';

/**
 * Returns the application's request of this token. A request of another application counts as unknown.
 * A request that has expired by the clock counts as past before it is swept, but an approved session
 * outlives its request.
 */
export async function ownRequest(
  data: Data,
  app: AppRecord,
  authRequest: string,
  now: number,
): Promise<RequestRecord | PastRequest | undefined> {
  const request = await data.requests.get(authRequest);
  if (request?.appKey !== app.appKey) return undefined;
  if ('past' in request || request.expiresAt > now) return request;
  const lives = request.answer?.approved && request.session;
  return lives ? request : { past: true, appKey: app.appKey, hadSession: false };
}
