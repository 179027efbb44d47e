/** An application. All times in records are milliseconds since 1970 on the engine's clock. */
export interface AppRecord {
  /** Ten digits. */
  appKey: string;
  name: string;
  /** Salted and slow (scrypt). */
  secretHash: string;
  publicKey: string;
  callbackUrl?: string;
  organization?: string;
  disabled: boolean;
  createdAt: number;
  /** The credentials before the last rotation, while they still count. */
  previous?: AppCredentialsRecord & { until: number };
  /** Whether its stamps may be at most two minutes ahead. */
  strictStamps?: boolean;
  /** The ping keys that it has encrypted for, while they decrypt; one entry for each key. */
  usedPingKeys?: readonly UsedPingKey[];
}

/** The last use of a ping key by an application. */
export interface UsedPingKey {
  fingerprint: string;
  /** The last use, to a minute; while the application uses one key only, the first use. */
  at: number;
}

/** The hash of an application's secret and its public key. */
export type AppCredentialsRecord = Pick<AppRecord, 'secretHash' | 'publicKey'>;

export interface AppPort {
  /** `false` if the app key is taken. */
  insert(app: AppRecord): Promise<boolean>;
  get(appKey: string): Promise<AppRecord | undefined>;
  /** All applications, in the order in which they were created. */
  list(): Promise<AppRecord[]>;
  /** `false` if the application does not exist. */
  setDisabled(appKey: string, disabled: boolean): Promise<boolean>;
  /**
   * Replaces one or both credentials. The current ones stay valid until `previousUntil`, or end now if
   * it is `undefined`; older ones end. `false` if the application does not exist.
   */
  replaceCredentials(
    appKey: string,
    next: Partial<AppCredentialsRecord>,
    previousUntil: number | undefined,
  ): Promise<boolean>;
  /** Replaces the list of used ping keys; does nothing if the application does not exist. */
  setUsedPingKeys(appKey: string, used: readonly UsedPingKey[]): Promise<void>;
  /**
   * Deletes the application with its requests, sessions, receipts, events, identities and white label
   * users. `false` if the application does not exist.
   */
  delete(appKey: string): Promise<boolean>;
}
