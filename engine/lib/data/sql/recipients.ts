import type { Recipient, UserName, UserRecord } from '../ports/users.js';
import { deviceRecord } from './devices.js';
import { fraudRecord } from './fraud.js';
import { prepared, type ValueOf } from './prepared.js';
import type { Database, DeviceRow, FraudRow, UserRow } from './schema.js';

/** A user with the reports of fraud and one of the devices, which are `null` where there are none. */
type RecipientRow = UserRow &
  Nullable<Omit<FraudRow, 'user_id'>> &
  Nullable<Omit<DeviceRow, 'id' | 'user_id' | 'created_at'>> & {
    paired_id: string | null;
    paired_at: number | null;
  };
type Nullable<Row> = { [Column in keyof Row]: Row[Column] | null };

export const recipientById = prepared<{ userId: string }>()((db, value) =>
  selectRecipient(db).where('users.id', '=', value('userId')),
);

/** The statement for names of these kinds, and its values. */
export function recipientByNames(names: readonly UserName[]) {
  const kinds = names.map((name) => ('username' in name ? 'username' : 'identity'));
  const key = kinds.join(' ');
  let query = byKinds.get(key);
  if (!query) {
    query = prepareByKinds(names);
    byKinds.set(key, query);
  }
  return [query, valuesOf(names)] as const;
}

/** The values of {@link selectCandidates}. */
export function valuesOf(names: readonly UserName[]): Record<string, string> {
  const values = names.flatMap((name, i) =>
    'username' in name
      ? [[`value${i}`, name.username]]
      : [
          [`kind${i}`, name.kind],
          [`sector${i}`, name.sector],
          [`value${i}`, name.value],
        ],
  );
  return Object.fromEntries(values);
}

/** The few combinations in which applications mean users. */
const byKinds = new Map<string, ReturnType<typeof prepareByKinds>>();

function prepareByKinds(names: readonly UserName[]) {
  return prepared<Record<string, string>>()((db, value) =>
    selectRecipient(db).where('users.id', '=', (eb) =>
      eb
        .selectFrom(selectCandidates(db, names, value).as('candidates'))
        .select('id')
        .orderBy('rank')
        .limit(1),
    ),
  );
}

/** The users of these names, each with the rank of its name. Only the kinds of the names matter. */
export function selectCandidates(
  db: Database,
  names: readonly UserName[],
  value: ValueOf<Record<string, string>>,
) {
  const candidates = names.map((name, i) =>
    'username' in name
      ? db
          .selectFrom('users')
          .select((eb) => ['id', eb.lit(i).as('rank')])
          .where('username', '=', value(`value${i}`))
      : db
          .selectFrom('identities')
          .select((eb) => ['user_id as id', eb.lit(i).as('rank')])
          .where('value', '=', value(`value${i}`))
          .where('kind', '=', value(`kind${i}`))
          .where('place', '=', value(`sector${i}`)),
  );
  return candidates.reduce((before, next) => before.unionAll(next));
}

export function selectRecipient(db: Database) {
  return db
    .selectFrom('users')
    .leftJoin('fraud', 'fraud.user_id', 'users.id')
    .leftJoin('devices', 'devices.user_id', 'users.id')
    .selectAll('users')
    .select(['reports', 'last_at', 'paused_until', 'paused_keys', 'devices.id as paired_id'])
    .select(['devices.name', 'public_key', 'token_hash', 'devices.created_at as paired_at'])
    .select(['last_seen_at', 'push', 'knowledge_key', 'webauthn', 'enrolment'])
    .orderBy('devices.created_at')
    .orderBy('devices.id');
}

/** One user from the rows of all devices. */
export function recipientOf(rows: readonly RecipientRow[]): Recipient | undefined {
  const [first] = rows;
  if (!first) return undefined;
  const reported = first.reports !== null;
  const paired = first.paired_id !== null;
  return {
    user: userRecord(first),
    devices: paired ? rows.map((row) => deviceRecord(pairedDevice(row))) : [],
    fraud: reported ? fraudRecord({ ...first, user_id: first.id } as FraudRow) : undefined,
  };
}

function pairedDevice(row: RecipientRow): DeviceRow {
  const { id: user_id, paired_id: id, paired_at: created_at, ...columns } = row;
  return { ...columns, user_id, id, created_at } as DeviceRow;
}

export function userRecord(row: UserRow): UserRecord {
  return {
    id: row.id,
    username: row.username,
    whiteLabelOf: row.white_label_of ?? undefined,
    deviceId: row.device_id ?? undefined,
    createdAt: row.created_at,
    suspendedAt: row.suspended_at ?? undefined,
    loginExpectedUntil: row.login_expected_until ?? undefined,
  };
}
