import type { Repository } from '../data/repository.js';
import { type Apps, unknownApp } from './apps.js';
import type { Audit } from './audit.js';
import type { Changes } from './changes.js';
import type { HeldPolls } from './held-polls.js';
import type { OtherNodes } from './other-nodes.js';
import { type Users, unknownUser } from './users.js';

export interface DeletionDependencies {
  repository: Repository;
  apps: Apps;
  users: Users;
  audit: Audit;
  heldPolls: HeldPolls;
  changes: Changes;
  otherNodes: OtherNodes;
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
    const { repository, apps, audit, otherNodes } = this.with;
    const { name } = await apps.require(appKey);
    if (!(await repository.deleteApp(appKey))) throw unknownApp(appKey);
    await audit.write('app.deleted', { appKey }, { name });
    otherNodes.wakeEverywhere();
  }

  async user(username: string): Promise<void> {
    const { repository, users, audit, heldPolls, changes } = this.with;
    const { id } = await users.require(username);
    const open = await repository.deleteUser(id);
    if (!open) throw unknownUser(username);
    await audit.write('user.deleted', { userId: id }, { username });
    for (const authRequest of open) heldPolls.wake(authRequest);
    changes.notify(id);
  }
}
