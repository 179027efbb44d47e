import type { Data } from '../data/data.js';
import type { Audit } from './audit.js';
import type { Signals } from './signals.js';
import type { Users } from './users.js';

export interface DeletionDependencies {
  data: Data;
  users: Users;
  audit: Audit;
  signals: Signals;
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

  /** Returns `false` if the user does not exist. */
  async user(username: string): Promise<boolean> {
    const { data, users, audit, signals } = this.with;
    const user = await users.byName(username);
    const open = user && (await data.users.delete(user.id));
    if (!open) return false;
    await audit.write('user.deleted', { userId: user.id }, { username });
    for (const authRequest of open) signals.publish({ authRequest });
    signals.publish({ userId: user.id });
    return true;
  }
}
