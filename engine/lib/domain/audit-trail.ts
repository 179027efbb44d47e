import type { Data } from '../data/data.js';
import { invalid, isRefused, type Refusal } from './refusals.js';
import { type AuditEntry, showAudit } from './snapshots.js';
import type { Users } from './users.js';

const DEFAULT_ENTRIES = 100;
const MAX_ENTRIES = 10_000;

/** Which entries of the audit trail are wanted. */
export interface AuditQuery {
  userIds?: readonly string[] | undefined;
  since?: Date;
  until?: Date;
  after?: string;
  before?: string;
  limit?: number;
}

/** Reads the audit trail for operators. */
export class AuditTrail {
  private readonly data: Data;
  private readonly users: Users;

  constructor(data: Data, users: Users) {
    this.data = data;
    this.users = users;
  }

  /** The users who have or had this name: a deleted user keeps a trail. */
  async userIds(username: string): Promise<string[]> {
    const user = await this.users.byName(username);
    const deleted = await this.data.audit.deletedUserIds([username]);
    return [...(user ? [user.id] : []), ...deleted];
  }

  async list(query: AuditQuery): Promise<AuditEntry[] | Refusal<'invalid'>> {
    const { userIds, limit = DEFAULT_ENTRIES } = query;
    if (!Number.isInteger(limit) || limit < 1 || limit > MAX_ENTRIES) {
      return invalid('limit', `a whole number from 1 to ${MAX_ENTRIES}`);
    }
    const since = readTime('since', query.since);
    if (isRefused(since)) return since;
    const until = readTime('until', query.until);
    if (isRefused(until)) return until;
    const after = readCursor('after', query.after);
    if (isRefused(after)) return after;
    const before = readCursor('before', query.before);
    if (isRefused(before)) return before;
    const filter = { userIds, since, until, after, before, limit };
    const records = await this.data.audit.list(filter);
    const names = new Map<string | undefined, string>();
    for (const id of new Set(records.map((record) => record.userId))) {
      const user = id === undefined ? undefined : await this.data.users.get(id);
      if (user) names.set(id, user.username);
    }
    return records.map((record) => showAudit(record, names.get(record.userId)));
  }
}

function readTime(member: string, time: Date | undefined): number | undefined | Refusal<'invalid'> {
  if (time === undefined) return undefined;
  if (time instanceof Date && Number.isFinite(time.getTime())) return time.getTime();
  return invalid(member, 'a valid Date');
}

function readCursor(
  member: string,
  cursor: string | undefined,
): number | undefined | Refusal<'invalid'> {
  if (cursor === undefined) return undefined;
  if (typeof cursor === 'string' && /^\d{1,15}$/.test(cursor)) return Number(cursor);
  return invalid(member, 'the cursor of an entry');
}
