import { type RawBuilder, sql } from 'kysely';
import { BoundedMap } from '../../util/bounded-map.js';
import type { AppRecord } from '../ports/apps.js';
import type { CallPort, DeviceIdentity, Found, UsedNonce } from '../ports/calls.js';
import type { DeviceRecord } from '../ports/devices.js';
import type { PastRequest, RequestRecord } from '../ports/requests.js';
import type { Overview, OverviewLimits, Recipient, UserName } from '../ports/users.js';
import { appRecord } from './apps.js';
import { deviceById, deviceRecord } from './devices.js';
import { fraudRecord } from './fraud.js';
import { type RequestInserts, TURN } from './insert-request.js';
import { insertNonce } from './nonces.js';
import { prepared } from './prepared.js';
import { selectCandidates, userRecord, valuesOf } from './recipients.js';
import { orGone } from './references.js';
import { requestRecord } from './request-rows.js';
import { openRequests, selectShown, withdrawnRequests } from './requests.js';
import type { AppRow, Database, DeviceRow, FraudRow, RequestRow, UserRow } from './schema.js';
import { sessionsOf } from './sessions.js';

/** Devices whose identity is remembered. */
const MAX_DEVICES = 10_000;

interface RecipientRow {
  user: UserRow | null;
  fraud: FraudRow | null;
  devices: DeviceRow[] | null;
}

/** Rows of several tables as JSON, so that they are one row. */
const recipientColumns = sql`
  (select row_to_json(found) from found) as user,
  (select row_to_json(fraud) from fraud where user_id = (select id from found)) as fraud,
  (select json_agg(devices order by created_at, id) from devices where user_id = (select id from found)) as devices`;

function appColumn(appKey: string): RawBuilder<unknown> {
  return sql`(select row_to_json(apps) from apps where app_key = ${appKey}) as app`;
}

function prepareRecipient(kinds: readonly UserName[]) {
  return prepared<{ appKey: string } & Record<string, string>>()<
    RecipientRow & { app: AppRow | null; turn: string | null }
  >(
    (db, value) => sql`
      with found as (
        select * from users
        where id = (select id from (${selectCandidates(db, kinds, value)}) as candidates order by rank limit 1)
      )
      select ${appColumn(value('appKey'))}, ${recipientColumns},
        (select times from rates where rate_key = ${TURN} || (select id from found)) as turn`,
  );
}

const requestAndApp = prepared<{ appKey: string; authRequest: string }>()<{
  app: AppRow | null;
  request: RequestRow | null;
}>(
  (_db, value) => sql`
    select ${appColumn(value('appKey'))}, (
      select row_to_json(requests) from requests where auth_request = ${value('authRequest')}
    ) as request`,
);

const answerable = prepared<{ authRequest: string }>()<{ request: RequestRow; app: AppRow | null }>(
  (_db, value) => sql`
    select row_to_json(requests) as request, row_to_json(apps) as app
    from requests left join apps on apps.app_key = requests.app_key
    where auth_request = ${value('authRequest')}`,
);

const admit = prepared<{
  deviceId: string;
  nonce: string;
  expiresAt: number;
  now: number;
  limit: number;
}>()<{ taken: number; seen: boolean; device: DeviceRow | null }>(
  (db, value) => sql`
    with taken as (${insertNonce(db, value)})
    select
      (select count(*) from taken) as taken,
      exists (
        select from nonces
        where device_id = ${value('deviceId')} and nonce = ${value('nonce')}
          and expires_at > ${value('now')}
      ) as seen,
      (select row_to_json(devices) from devices where id = ${value('deviceId')}) as device`,
);

const overview = prepared<{ userId: string; now: number; withdrawnSince: number }>()<
  RecipientRow & { requests: RequestRow[] | null; apps: AppRow[] | null }
>(
  (db, value) => sql`
    with found as (select * from users where id = ${value('userId')}),
      shown as (${selectShown(db, value)})
    select ${recipientColumns},
      (select json_agg(shown order by created_at, auth_request) from shown) as requests,
      (select json_agg(apps) from apps where app_key in (
        select app_key from shown where answered_at is null and withdrawn_at is null
      )) as apps`,
);

/** The reads of calls, each in one statement of PostgreSQL. */
export class SqlCalls implements CallPort {
  private readonly db: Database;
  private readonly inserts: Pick<RequestInserts, 'learn'>;
  private readonly byNames = new Map<string, ReturnType<typeof prepareRecipient>>();
  /** They never change, and `admit` finds out whether the device still exists. */
  private readonly identities = new BoundedMap<string, DeviceIdentity>(MAX_DEVICES);

  constructor(db: Database, inserts: Pick<RequestInserts, 'learn'>) {
    this.db = db;
    this.inserts = inserts;
  }

  async recipient(appKey: string, names: readonly UserName[]): Promise<Found<Recipient>> {
    if (names.length === 0) return (await this.request(appKey, '')) as Found<never>;
    const kinds = names.map((name) => ('username' in name ? 'username' : 'identity')).join(' ');
    const statement = this.byNames.get(kinds) ?? prepareRecipient(names);
    this.byNames.set(kinds, statement);
    const row = await statement.first(this.db, { appKey, ...valuesOf(names) });
    const recipient = row && recipientOf(row);
    for (const device of recipient?.devices ?? []) this.remember(device);
    if (recipient) this.inserts.learn(recipient.user.id, row.turn);
    return { app: appOf(row), subject: async () => recipient };
  }

  async request(appKey: string, authRequest: string): Promise<Found<RequestRecord | PastRequest>> {
    const row = await requestAndApp.first(this.db, { appKey, authRequest });
    const request = row?.request ? requestRecord(row.request) : undefined;
    return { app: appOf(row), subject: async () => request };
  }

  async answerable(authRequest: string) {
    const row = await answerable.first(this.db, { authRequest });
    return row && { request: requestRecord(row.request), app: appOf(row) };
  }

  async device(id: string): Promise<DeviceIdentity | undefined> {
    const known = this.identities.get(id);
    if (known) return known;
    const row = await deviceById.first(this.db, { id });
    return row && this.remember(deviceRecord(row));
  }

  async admit(
    deviceId: string,
    nonce: UsedNonce,
  ): Promise<DeviceRecord | 'seen' | 'full' | 'gone'> {
    const row = await orGone(() => admit.first(this.db, { deviceId, ...nonce }));
    if (row === 'gone' || !row?.device) {
      this.identities.delete(deviceId);
      return 'gone';
    }
    if (row.taken > 0) return deviceRecord(row.device);
    return row.seen ? 'seen' : 'full';
  }

  async overview(
    userId: string,
    { now, withdrawnSince, maxWithdrawn }: OverviewLimits,
  ): Promise<{ overview: Overview; apps: AppRecord[] } | undefined> {
    const row = await overview.first(this.db, { userId, now, withdrawnSince });
    const recipient = row && recipientOf(row);
    if (!recipient) return undefined;
    const requests = row.requests ?? [];
    return {
      overview: {
        ...recipient,
        requests: openRequests(requests),
        sessions: sessionsOf(requests),
        withdrawn: withdrawnRequests(requests, withdrawnSince, maxWithdrawn),
      },
      apps: (row.apps ?? []).map(appRecord),
    };
  }

  private remember({ id, userId, publicKey, tokenHash }: DeviceRecord): DeviceIdentity {
    const device = { id, userId, publicKey, tokenHash };
    this.identities.set(id, device);
    return device;
  }
}

function appOf(row: { app: AppRow | null } | undefined): AppRecord | undefined {
  return row?.app ? appRecord(row.app) : undefined;
}

function recipientOf({ user, devices, fraud }: RecipientRow): Recipient | undefined {
  if (!user) return undefined;
  return {
    user: userRecord(user),
    devices: (devices ?? []).map(deviceRecord),
    fraud: fraud ? fraudRecord(fraud) : undefined,
  };
}
