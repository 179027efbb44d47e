import type { UserRecord } from '../../data/ports/users.js';
import type { Services } from '../../domain/services.js';
import {
  groupSessions,
  type PendingRequest,
  type SessionGroup,
  showRequest,
  showSession,
} from '../../domain/snapshots.js';

/** Everything that the demo page shows of a user. */
export interface UserState {
  username: string;
  hasDevice: boolean;
  /** The engine's time, to which the expiry times belong. */
  now: Date;
  requests: PendingRequest[];
  /** The requests that their applications took back in the last minutes. */
  withdrawn: Pick<PendingRequest, 'authRequest' | 'app'>[];
  sessions: SessionGroup[];
}

export async function userState(services: Services, user: UserRecord): Promise<UserState> {
  const [requests, withdrawn, sessions] = await Promise.all([
    services.requests.pending(user.id),
    services.withdrawals.reportable(user.id),
    services.sessions.list(user.id),
  ]);
  return {
    username: user.username,
    hasDevice: user.deviceId !== undefined,
    now: new Date(services.clock()),
    requests: requests.map(showRequest),
    withdrawn: withdrawn.map(({ authRequest, appName, appKey }) => ({
      authRequest,
      app: { name: appName, appKey },
    })),
    sessions: groupSessions(sessions.map(showSession)),
  };
}
