import type { IdentityKind, IdentityPort } from '../ports/identities.js';
import type { Rows } from './rows.js';

interface Identity {
  kind: IdentityKind;
  userId: string;
  sector: string;
  value: string;
}

export class MemoryIdentities implements IdentityPort {
  private readonly rows: Rows;
  private readonly byUser = new Map<string, Identity>();
  private readonly byValue = new Map<string, Identity>();

  constructor(rows: Rows) {
    this.rows = rows;
  }

  async ensure(kind: IdentityKind, userId: string, sector: string, candidate: string) {
    const identity = { kind, userId, sector, value: candidate };
    const known = this.byUser.get(userKey(identity));
    if (known !== undefined) return known.value;
    if (!this.rows.users.has(userId)) return candidate;
    this.byUser.set(userKey(identity), identity);
    this.byValue.set(valueKey(identity), identity);
    return candidate;
  }

  /** The id of the user with this identifier in the sector. */
  userId(kind: IdentityKind, sector: string, value: string): string | undefined {
    return this.byValue.get(valueKey({ kind, sector, value }))?.userId;
  }

  deleteWhere(matches: (identity: Identity) => boolean): void {
    for (const identity of this.byUser.values()) {
      if (!matches(identity)) continue;
      this.byUser.delete(userKey(identity));
      this.byValue.delete(valueKey(identity));
    }
  }
}

function userKey({ kind, userId, sector }: Omit<Identity, 'value'>): string {
  return JSON.stringify([kind, userId, sector]);
}

function valueKey({ kind, sector, value }: Omit<Identity, 'userId'>): string {
  return JSON.stringify([kind, sector, value]);
}
