export interface UserRecord {
  id: string;
  /** The name that people type; `identifier@appKey` for white label users. */
  username: string;
  /** The app key of the application that owns this white label user. */
  whiteLabelOf?: string;
  /** The virtual device, which lives in the engine; removed when a real one is paired. */
  deviceId?: string;
  createdAt: number;
}

export interface UserPort {
  /**
   * `'taken'` if the username exists. For white label users also `'full'` if the application has
   * `limit` of them, and `'gone'` if it does not exist.
   */
  insert(user: UserRecord, limit: number): Promise<'inserted' | 'taken' | 'full' | 'gone'>;
  get(id: string): Promise<UserRecord | undefined>;
  byName(username: string): Promise<UserRecord | undefined>;
  /** All users, in the order in which they were created. */
  list(): Promise<UserRecord[]>;
  /**
   * Deletes the user with their devices, pairings, requests, sessions, receipts, events, identities and
   * reports of fraud. Returns the tokens of the requests that were open, or `undefined` if the user
   * does not exist.
   */
  delete(userId: string): Promise<string[] | undefined>;
  /** Gives the user a virtual device; `false` if they have a real one. */
  setVirtualDevice(userId: string, deviceId: string): Promise<boolean>;
}
