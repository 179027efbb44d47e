import type { IdentityKind, IdentityPort } from '../ports/identities.js';
import { prepared } from './prepared.js';
import { orGone } from './references.js';
import { withoutDisk } from './relaxed.js';
import type { Database, IdentityRow } from './schema.js';

/** Keeps an existing value, and returns it as if it had been inserted. */
const upsert = prepared<IdentityRow>()((db, value) =>
  db
    .insertInto('identities')
    .values({
      kind: value('kind'),
      user_id: value('user_id'),
      place: value('place'),
      value: value('value'),
    })
    .onConflict((conflict) =>
      conflict
        .columns(['user_id', 'kind', 'place'])
        .doUpdateSet((eb) => ({ value: eb.ref('identities.value') })),
    )
    .returning(['value', ...withoutDisk(db)]),
);

export class SqlIdentities implements IdentityPort {
  private readonly db: Database;

  constructor(db: Database) {
    this.db = db;
  }

  async ensure(
    kind: IdentityKind,
    userId: string,
    sector: string,
    candidate: string,
  ): Promise<string> {
    const row = { kind, user_id: userId, place: sector, value: candidate };
    const kept = await orGone(() => upsert.first(this.db, row));
    return kept === 'gone' || !kept ? candidate : kept.value;
  }
}
