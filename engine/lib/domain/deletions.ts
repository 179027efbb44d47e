import type { Data } from '../data/data.js';
import type { Audit } from './audit.js';
import type { Sessions } from './sessions.js';
import type { Signals } from './signals.js';
import type { Users } from './users.js';

export interface DeletionDependencies {
  data: Data;
  users: Users;
  audit: Audit;
  signals: Signals;
  sessions: Sessions;
  clock: () => number;
}

/**
 * Deletes applications and users with everything that belongs to them, and releases the requests that
 * are held for them. The audit trail stays.
 */
export class Deletions {
  private readonly with: DeletionDependencies;

  constructor(dependencies: DeletionDependencies) {
    this.with = dependencies;
  }

  /** Returns `false` if the application does not exist. */
  async app(appKey: string): Promise<boolean> {
    const { data, audit, signals } = this.with;
    const app = await data.apps.get(appKey);
    if (!app || !(await data.apps.delete(appKey))) return false;
    await audit.write('app.deleted', { appKey }, { name: app.name });
    signals.publish('any');
    return true;
  }

  /**
   * Ends the sessions of the user and tells the applications before it deletes the user. Returns `false`
   * if the user does not exist.
   */
  async user(username: string): Promise<boolean> {
    const { data, users, audit, signals, sessions, clock } = this.with;
    const user = await users.byName(username);
    if (!user) return false;
    // A suspended user opens no session between the end of the sessions and the deletion.
    await data.users.setSuspended(user.id, true, clock());
    await sessions.deorbit(user.id);
    const open = await data.users.delete(user.id);
    if (!open) return false;
    await audit.write('user.deleted', { userId: user.id }, { username: user.username });
    for (const authRequest of open) signals.publish({ authRequest });
    signals.publish({ userId: user.id });
    return true;
  }
}
