import type { AuditRecord } from './audit.js';
import type { DeviceRecord } from './devices.js';
import type { FraudRecord } from './fraud.js';
import type { IdentityKind } from './identities.js';
import type { RequestRecord, WithdrawnRequest } from './requests.js';
import type { SessionRecord } from './sessions.js';

export interface UserRecord {
  id: string;
  /** The name that people type; `identifier@appKey` for white label users. */
  username: string;
  /** The app key of the application that owns this white label user. */
  whiteLabelOf?: string;
  /** The virtual device, which lives in the engine; removed when a real one is paired. */
  deviceId?: string;
  createdAt: number;
  /** Until when one request of an unknown browser passes outside the budget. */
  loginExpectedUntil?: number;
  /** Since when the operator keeps the user from logging in; `undefined` for a user who may. */
  suspendedAt?: number;
}

/** A name by which an application may mean a user. */
export type UserName = { username: string } | { kind: IdentityKind; sector: string; value: string };

/** A user with everything that decides whether they can be asked. */
export interface Recipient {
  user: UserRecord;
  /** In the order in which they were paired. */
  devices: DeviceRecord[];
  fraud?: FraudRecord;
}

/** Everything that the devices of a user show. */
export interface Overview extends Recipient {
  /** The open requests, oldest first. */
  requests: RequestRecord[];
  /** The sessions, oldest first. */
  sessions: SessionRecord[];
  /** The latest withdrawn requests, oldest first. */
  withdrawn: WithdrawnRequest[];
}

/** What an overview shows. */
export interface OverviewLimits {
  now: number;
  /** Only requests that were withdrawn after this are shown … */
  withdrawnSince: number;
  /** … and at most so many of them. */
  maxWithdrawn: number;
}

export interface UserPort {
  /**
   * `'taken'` if the username exists, or, except for white label users, one that is equal without case and
   * compatibility forms. For white label users also `'full'` if the application has
   * `limit` of them, and `'gone'` if it does not exist.
   */
  insert(user: UserRecord, limit: number): Promise<'inserted' | 'taken' | 'full' | 'gone'>;
  get(id: string): Promise<UserRecord | undefined>;
  byName(username: string): Promise<UserRecord | undefined>;
  /** The user with the first of these names that exists. */
  recipient(names: readonly UserName[]): Promise<Recipient | undefined>;
  overview(userId: string, limits: OverviewLimits): Promise<Overview | undefined>;
  /** All users, in the order in which they were created. */
  list(): Promise<UserRecord[]>;
  /**
   * Suspends the user, for whom no request is inserted from then on, or resumes the user. `false` if the
   * user does not exist. A user who is suspended already keeps the earlier time.
   */
  setSuspended(userId: string, suspended: boolean, now: number): Promise<boolean>;
  /**
   * Deletes the user with their devices, pairings, requests, sessions, receipts, identities, reports of
   * fraud and the events of their answers. Logout events stay until they are delivered. Returns the
   * tokens of the requests that were open, or `undefined` if the user does not exist.
   */
  delete(userId: string): Promise<string[] | undefined>;
  /** Returns the number of users who have a virtual device, and so no other one. */
  countVirtualDevices(): Promise<number>;
  /** Lets one request of an unknown browser through until then, see `RequestPort.insert`. */
  expectLogin(userId: string, until: number, audit: AuditRecord): Promise<void>;
  /** Gives the user a virtual device; `false` if they have a real one. */
  setVirtualDevice(userId: string, deviceId: string): Promise<boolean>;
}
