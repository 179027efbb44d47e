import type { UserRecord } from '../../data/ports/users.js';
import type { Services } from '../../domain/services.js';
import {
  type OpenSession,
  type PendingRequest,
  showRequest,
  showSession,
} from '../../domain/snapshots.js';

/** The sessions with one application: the wire knows no way to end one of them without the others. */
export interface SessionGroup {
  app: { name: string; appKey: string };
  count: number;
  since: Date;
  state: OpenSession['state'];
}

/** Everything that the page shows of a user. */
export interface UserState {
  username: string;
  hasDevice: boolean;
  /** The engine's time, which the expiry of requests is counted in. */
  now: Date;
  requests: PendingRequest[];
  sessions: SessionGroup[];
}

export async function userState(services: Services, username: string): Promise<UserState> {
  const user: UserRecord = await services.users.require(username);
  const [requests, sessions] = await Promise.all([
    services.requests.pending(user.id),
    services.sessions.list(user.id),
  ]);
  return {
    username: user.username,
    hasDevice: user.deviceId !== undefined,
    now: new Date(services.clock()),
    requests: requests.map(showRequest),
    sessions: groupSessions(sessions.map(showSession)),
  };
}

/** By application. */
export function groupSessions(sessions: OpenSession[]): SessionGroup[] {
  const groups = new Map<string, SessionGroup>();
  for (const { app, openedAt, state } of sessions) {
    const known = groups.get(app.appKey);
    if (!known) {
      groups.set(app.appKey, { app, count: 1, since: openedAt, state });
      continue;
    }
    known.count += 1;
    // As long as one of them is open there is something left to end.
    if (state === 'open') known.state = 'open';
  }
  return [...groups.values()];
}
