import type { Data } from '../data/data.js';
import type { AppRecord } from '../data/ports/apps.js';
import type { PastRequest, RequestRecord } from '../data/ports/requests.js';

/**
 * The application's request of that token; one of another application is none, over or not. What has
 * run out of time is over by the clock, whether or not it has been swept away yet; an approved session
 * lives on beyond its request.
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
