export interface RateWindow {
  /** How many auth requests for one user and application are allowed … */
  requests: number;
  /** … in this many seconds. */
  seconds: number;
}

export interface RatePort {
  /**
   * Counts one event under `key`, unless one of the windows is full. Returns 0 if it was counted, or
   * the milliseconds until there is room.
   */
  take(key: string, windows: readonly RateWindow[], now: number): Promise<number>;
}
