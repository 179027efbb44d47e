import type {
  AnswerRecord,
  AppCredentialsRecord,
  AppRecord,
  AuditRecord,
  DeliveryRecord,
  DeviceChange,
  DeviceRecord,
  FraudRecord,
  IdentityKind,
  PairingRecord,
  PastRequest,
  PingKeyRecord,
  RateWindow,
  ReceiptRecord,
  RequestRecord,
  SessionRecord,
  UsedPingKey,
  UserRecord,
} from './records.js';

/** A report of fraud, which is counted with the denial that makes it. */
export interface FraudReport {
  /** For how long requests to the user are paused, in milliseconds, for each number of reports. */
  pauses: readonly number[];
  /** The count begins anew when the last report is this old, in milliseconds. */
  memory: number;
  /** What the audit trail says of it. */
  note(fraud: FraudRecord): AuditRecord;
}

/** What goes with an answer into the one step that records it. */
export interface AnswerStep {
  now: number;
  /** Sessions of the user with the application that are kept; the oldest ones end beyond it. */
  sessionLimit: number;
  receipt?: ReceiptRecord;
  /** What the audit trail says of it. */
  audit?: AuditRecord;
  fraud?: FraudReport;
  /** The event that tells the application. */
  event?: DeliveryRecord;
  /** How many events may wait for one application; one beyond is not queued. */
  eventLimit: number;
}

/** That an auth request, or something that a user's devices show, is not as it was. */
export type Change = { authRequest: string } | { userId: string };
/** `'any'`: whatever is held may have changed, or changes may have gone unheard. */
export type Announced = Change | 'any';

export interface Answered {
  request: RequestRecord;
  /** Whether there was room for the event, if there is one. */
  queued: boolean;
  /** What a report of fraud has come to. */
  fraud?: FraudRecord;
}

/**
 * Where the engine keeps its data. Each method is one atomic step, as one SQL statement or one short
 * transaction would be, and whatever must happen only once is decided in here: the callers hold no
 * locks and assume nothing about how many processes share the data.
 *
 * Records are values: a caller never changes one that it was given.
 */
export interface Repository {
  /** `false` if the app key is taken. */
  insertApp(app: AppRecord): Promise<boolean>;
  app(appKey: string): Promise<AppRecord | undefined>;
  apps(): Promise<AppRecord[]>;
  /** `false` if there is no such application. */
  setAppDisabled(appKey: string, disabled: boolean): Promise<boolean>;
  /**
   * Gives the application new credentials, or one of them. What it had until now goes on until
   * `previousUntil`, and what it had before that ends. `false` if there is no such application.
   */
  replaceCredentials(
    appKey: string,
    next: Partial<AppCredentialsRecord>,
    previousUntil: number | undefined,
  ): Promise<boolean>;
  /** Replaces what is kept of the ping keys that the application uses; nothing if there is none. */
  setUsedPingKeys(appKey: string, used: readonly UsedPingKey[]): Promise<void>;
  /**
   * Deletes the application with all that is of it: requests, sessions, receipts, events, the names of
   * users there, and its white label users. `false` if there is none.
   */
  deleteApp(appKey: string): Promise<boolean>;

  /**
   * Of a white label user: `'full'` if its application has `limit` of them, `'gone'` if there is no such
   * application.
   */
  insertUser(user: UserRecord, limit: number): Promise<'inserted' | 'taken' | 'full' | 'gone'>;
  user(id: string): Promise<UserRecord | undefined>;
  userByName(username: string): Promise<UserRecord | undefined>;
  users(): Promise<UserRecord[]>;
  /**
   * Deletes the user with all that is of it: devices, pairings, requests, sessions, receipts, events,
   * names, reports of fraud. Returns the tokens of the requests that were open, or `undefined` if there
   * is no such user.
   */
  deleteUser(userId: string): Promise<string[] | undefined>;
  /** Gives the user a virtual device; `false` if there is a real one. */
  setVirtualDevice(userId: string, deviceId: string): Promise<boolean>;

  /**
   * The user's name in that place; `candidate` becomes it if there was none. For a user who is gone
   * it is kept nowhere.
   */
  identity(kind: IdentityKind, userId: string, place: string, candidate: string): Promise<string>;
  userByIdentity(kind: IdentityKind, place: string, value: string): Promise<UserRecord | undefined>;

  /** One pairing for each user: a new one replaces the one before. */
  putPairing(pairing: PairingRecord): Promise<void>;
  /** Gives the pairing out once, to whoever has its code or the secret of its link. */
  takePairing(
    by: 'codeHash' | 'linkHash',
    hash: string,
    now: number,
  ): Promise<PairingRecord | undefined>;
  pairingByImage(imageHash: string, now: number): Promise<PairingRecord | undefined>;

  /**
   * `'full'` if the user has `limit` devices, `'gone'` if there is no such user. The first device takes
   * the virtual one away.
   */
  insertDevice(device: DeviceRecord, limit: number): Promise<'inserted' | 'full' | 'gone'>;
  device(id: string): Promise<DeviceRecord | undefined>;
  /** The user's devices, in the order in which they were paired. */
  devices(userId: string): Promise<DeviceRecord[]>;
  /** How many devices each user has; users without one are left out. */
  deviceCounts(): Promise<Map<string, number>>;
  /** `false` if the device is gone. */
  updateDevice(id: string, change: DeviceChange): Promise<boolean>;
  /** `false` if the user has no such device. */
  deleteDevice(userId: string, id: string): Promise<boolean>;
  /**
   * Remembers a nonce of a device until `expiresAt`: `'seen'` if it is remembered already, `'full'`
   * if `limit` nonces of the device are, `'gone'` if there is no such device (any more).
   */
  takeNonce(
    deviceId: string,
    nonce: string,
    expiresAt: number,
    now: number,
    limit: number,
  ): Promise<'taken' | 'seen' | 'full' | 'gone'>;

  /** The reports of fraud by the user, and until when requests are paused for them. */
  fraud(userId: string): Promise<FraudRecord | undefined>;
  /** Ends the pause; the reports stay counted. */
  endPause(userId: string, now: number): Promise<void>;

  /** Kept for as long as the operator keeps the trail; in memory, the newest ten thousand. */
  insertAudit(record: AuditRecord): Promise<void>;
  /** The newest first. */
  audit(filter: { userId?: string; limit: number }): Promise<AuditRecord[]>;

  /**
   * A secret of the engine's own, the same for all processes: `candidate` becomes it if there is none
   * of this name. Encrypted where it leaves this process's memory.
   */
  secret(name: string, candidate: string): Promise<string>;

  /** The ping keys that still decrypt, the current one first. */
  pingKeys(): Promise<PingKeyRecord[]>;
  /**
   * Makes this the current ping key in the place of `successorOf`, which retires at that time;
   * `undefined` for the first key. `false` if another one is current.
   */
  addPingKey(
    key: PingKeyRecord,
    successorOf: string | undefined,
    retiresAt: number,
  ): Promise<boolean>;

  /**
   * Counts one more event of its kind, unless one of the windows is full. Resolves to 0 when it was
   * counted, else to the milliseconds until there is room.
   */
  takeRate(key: string, windows: readonly RateWindow[], now: number): Promise<number>;

  /**
   * `'taken'` if the token was ever used, `'full'` if the user has `pendingLimit` open requests,
   * `'gone'` if the user or the application does not exist any more.
   */
  insertRequest(
    request: RequestRecord,
    pendingLimit: number,
  ): Promise<'inserted' | 'taken' | 'full' | 'gone'>;
  request(authRequest: string): Promise<RequestRecord | PastRequest | undefined>;
  /** Open requests of a user, oldest first. */
  pendingRequests(userId: string, now: number): Promise<RequestRecord[]>;
  pendingCount(now: number): Promise<number>;
  /** Ends the open requests of a user without an answer, and returns their tokens. */
  expireRequests(userId: string, now: number): Promise<string[]>;
  /**
   * Records the one answer of an open request with its receipt and what the audit trail says of it,
   * counts the report of fraud, opens the session that may come with it, and queues the event that
   * tells of it. Of several answers at the same moment one wins, and of the others, which get
   * `'answered'`, nothing is recorded.
   */
  answerRequest(
    authRequest: string,
    answer: AnswerRecord,
    step: AnswerStep,
  ): Promise<Answered | 'answered' | 'expired' | 'denial only' | undefined>;
  /** No approval of this request is taken from now on; of one that was answered nothing changes. */
  allowDenialOnly(authRequest: string): Promise<void>;
  /** The receipt of an answer; in memory, of the last ten thousand. */
  receipt(authRequest: string): Promise<ReceiptRecord | undefined>;

  session(authRequest: string): Promise<SessionRecord | undefined>;
  sessions(userId: string): Promise<SessionRecord[]>;
  /** `false` if the session is not open any more. */
  confirmSession(authRequest: string): Promise<boolean>;
  /** Ends a session and forgets its answer; `false` if there was none. */
  endSession(authRequest: string, now: number): Promise<boolean>;
  /**
   * Marks the user's sessions with the application as `pending clear` and returns all that now are.
   * If there are any, `audit` is written and `event` queued in the same step, in the place of the
   * logouts of that user and application that are still under way.
   */
  clearSessions(
    userId: string,
    appKey: string,
    audit: AuditRecord,
    event?: DeliveryRecord,
  ): Promise<SessionRecord[]>;

  /**
   * Deliveries whose time has come and that nobody else is sending, at most `limit`, and so many of
   * one application that `perApp` are being sent. They are the caller's for `lease` milliseconds. What
   * is for a disabled application waits until it is enabled, or is to be given up.
   */
  claimDeliveries(
    now: number,
    limit: number,
    perApp: number,
    lease: number,
  ): Promise<DeliveryRecord[]>;
  /** Gives a claimed delivery back, to be sent again; does nothing if it has been replaced. */
  rescheduleDelivery(
    id: string,
    change: Pick<DeliveryRecord, 'attempts' | 'nextAttemptAt' | 'eventTime'>,
  ): Promise<void>;
  deleteDelivery(id: string): Promise<void>;
  deliveryCount(): Promise<number>;

  /** Whether other processes may have the same data. */
  readonly shared: boolean;
  /** Tells the other processes with the same data of a change. They may miss it. */
  announce(change: Announced): void;
  /** What other processes announce goes to this listener from now on. */
  onAnnounced(listener: (announced: Announced) => void): void;
  /** Auth requests that any other process may have answered since then: what may have been missed. */
  answeredSince(time: number): Promise<string[]>;

  /** Forgets what is over; called now and then. */
  sweep(now: number): Promise<void>;
  /** Rejects if the data cannot be read now. */
  check(): Promise<void>;
  close(): Promise<void>;
}
