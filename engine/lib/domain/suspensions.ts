import type { Data } from '../data/data.js';
import type { Audit } from './audit.js';
import type { Sessions } from './sessions.js';
import type { Signals } from './signals.js';

export interface SuspensionDependencies {
  data: Data;
  audit: Audit;
  signals: Signals;
  sessions: Sessions;
  clock: () => number;
}

/** Keeps users from logging in until the operator resumes them. */
export class Suspensions {
  private readonly with: SuspensionDependencies;

  constructor(dependencies: SuspensionDependencies) {
    this.with = dependencies;
  }

  /**
   * Expires the open requests of the user, ends the sessions and tells the applications. Repeating it
   * does what a killed process has left. Returns `false` if the user does not exist.
   */
  async suspend(userId: string): Promise<boolean> {
    const { data, audit, signals, sessions, clock } = this.with;
    const before = await data.users.get(userId);
    if (!before || !(await data.users.setSuspended(userId, true, clock()))) return false;
    const expired = await data.requests.expireOpen(userId, clock());
    if (before.suspendedAt === undefined) await audit.write('user.suspended', { userId });
    for (const authRequest of expired) signals.publish({ authRequest });
    await sessions.deorbit(userId);
    signals.publish({ userId });
    return true;
  }

  /** Returns `false` if the user does not exist. */
  async resume(userId: string): Promise<boolean> {
    const { data, audit, signals, clock } = this.with;
    const before = await data.users.get(userId);
    if (!before || !(await data.users.setSuspended(userId, false, clock()))) return false;
    if (before.suspendedAt !== undefined) await audit.write('user.resumed', { userId });
    signals.publish({ userId });
    return true;
  }
}
