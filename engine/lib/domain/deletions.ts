import type { Data } from '../data/data.js';
import { type Apps, unknownApp } from './apps.js';
import type { Audit } from './audit.js';
import type { Signals } from './signals.js';
import { type Users, unknownUser } from './users.js';

export interface DeletionDependencies {
  data: Data;
  apps: Apps;
  users: Users;
  audit: Audit;
  signals: Signals;
}

/**
 * Takes applications and users away for good, with all that is of them, and lets go at once of what is
 * held for them. The audit trail stays.
 */
export class Deletions {
  private readonly with: DeletionDependencies;

  constructor(dependencies: DeletionDependencies) {
    this.with = dependencies;
  }

  async app(appKey: string): Promise<void> {
    const { data, apps, audit, signals } = this.with;
    const { name } = await apps.require(appKey);
    if (!(await data.apps.delete(appKey))) throw unknownApp(appKey);
    await audit.write('app.deleted', { appKey }, { name });
    signals.publish('any');
  }

  async user(username: string): Promise<void> {
    const { data, users, audit, signals } = this.with;
    const { id } = await users.require(username);
    const open = await data.users.delete(id);
    if (!open) throw unknownUser(username);
    await audit.write('user.deleted', { userId: id }, { username });
    for (const authRequest of open) signals.publish({ authRequest });
    signals.publish({ userId: id });
  }
}
