import type { Generated, Kysely, Transaction } from 'kysely';

/**
 * The tables of SQLite and PostgreSQL: ids are texts, times are milliseconds on the engine's clock,
 * booleans are 0 or 1, and objects are JSON. `migrations/` creates them.
 */
export interface Schema {
  apps: AppRow;
  users: UserRow;
  identities: IdentityRow;
  pairings: PairingRow;
  rates: RateRow;
  requests: RequestRow;
  deliveries: DeliveryRow;
  ping_keys: PingKeyRow;
  devices: DeviceRow;
  nonces: NonceRow;
  receipts: ReceiptRow;
  fraud: FraudRow;
  audit: AuditRow & { seq: Generated<number> };
  secrets: SecretRow;
  nodes: NodeRow;
}

export type Database = Kysely<Schema>;
export type Step = Transaction<Schema>;

export interface AppRow {
  app_key: string;
  name: string;
  secret_hash: string;
  public_key: string;
  callback_url: string | null;
  organization: string | null;
  disabled: number;
  created_at: number;
  /** The credentials before the last rotation; `null` where they ended with it. */
  previous_secret_hash: string | null;
  previous_public_key: string | null;
  previous_until: number | null;
  strict_stamps: number;
  /** JSON, see `AppRecord`. */
  used_ping_keys: string | null;
}

export interface UserRow {
  id: string;
  username: string;
  white_label_of: string | null;
  device_id: string | null;
  created_at: number;
  suspended_at: number | null;
  /** Until when one request of an unknown browser passes outside the budget. */
  login_expected_until: number | null;
  /** See `foldedName`; `null` for white label users, and for older users whose name another one has. */
  folded_name: string | null;
}

export interface IdentityRow {
  kind: string;
  user_id: string;
  /** The sector: an app key or an organization. */
  place: string;
  value: string;
}

export interface PairingRow {
  user_id: string;
  code_hash: string;
  link_hash: string;
  image_hash: string;
  expires_at: number;
}

export interface RateRow {
  rate_key: string;
  /** JSON: the times of the last requests that were counted, see `Counted`. */
  times: string;
  /** When none of them counts any more. */
  idle_at: number;
}

/** An auth request, its answer, and the session that it opened. */
export interface RequestRow {
  auth_request: string;
  app_key: string;
  app_name: string;
  key_id: string | null;
  user_id: string;
  username: string;
  session: number;
  wants_push_id: number;
  context: string | null;
  policy: string | null;
  /** JSON, see `BrowserRecord`. */
  browser: string | null;
  /** The rate that it counts for. */
  rate_key: string | null;
  number: string | null;
  numbers: string | null;
  created_at: number;
  expires_at: number;
  /** Whether a wrong number was picked. */
  denial_only: number;
  /** `null` while the request is open. */
  answered_at: number | null;
  approved: number | null;
  /** Why it was denied; `fraudulent` also if it was withdrawn and then reported. */
  reason: string | null;
  auth: string | null;
  user_hash: string | null;
  user_push_id: string | null;
  organization_user: string | null;
  /** `null` where no session was opened. */
  session_state: 'open' | 'pending clear' | 'ended' | null;
  confirmed: number;
  /** When the application took it back; then it is neither open nor answered. */
  withdrawn_at: number | null;
  /** When it expired unanswered, once the audit trail has it. */
  expired_at: number | null;
  /** When the row is deleted; `null` while its session lives. */
  forget_at: number | null;
}

export interface DeliveryRow {
  id: string;
  kind: 'answer' | 'logout';
  app_key: string;
  user_id: string;
  callback_url: string;
  parameters: string;
  event_time: number;
  created_at: number;
  attempts: number;
  next_attempt_at: number;
  give_up_at: number;
  /** Until when no other process may send it. */
  claimed_until: number;
}

export interface PingKeyRow {
  fingerprint: string;
  made_at: number;
  /** `null` for the current one. */
  retires_at: number | null;
  /** PKCS#8, encrypted with the engine's key. */
  sealed_key: string;
}

export interface DeviceRow {
  id: string;
  user_id: string;
  name: string;
  public_key: string;
  token_hash: string;
  created_at: number;
  last_seen_at: number;
  push: string | null;
  knowledge_key: string | null;
  webauthn: string | null;
  enrolment: string | null;
}

export interface NonceRow {
  device_id: string;
  nonce: string;
  expires_at: number;
}

export interface ReceiptRow {
  auth_request: string;
  app_key: string;
  user_id: string;
  device_id: string;
  approved: number;
  at: number;
  public_key: string;
  signed: string;
  signature: string;
  body: string;
}

export interface FraudRow {
  user_id: string;
  reports: number;
  last_at: number;
  paused_until: number;
  /** JSON: the rate keys of the requests that were reported. */
  paused_keys: string | null;
}

export interface AuditRow {
  id: string;
  at: number;
  kind: string;
  user_id: string | null;
  app_key: string | null;
  device_id: string | null;
  details: string;
}

export interface NodeRow {
  id: string;
  host: string;
  pid: number;
  version: string;
  url: string;
  started_at: number;
  seen_at: number;
}

export interface SecretRow {
  name: string;
  /** Encrypted with the engine's key. */
  sealed: string;
}
