export interface RateWindow {
  /** How many auth requests to one user are allowed … */
  requests: number;
  /** … in this many seconds. */
  seconds: number;
}

/** Limits requests that no approval follows, beside the windows. */
export interface UnapprovedLimits {
  /** Requests that wait for the windows only. */
  free: number;
  /** How long each further request waits after the one before it, in milliseconds; the last one stays. */
  waitsMs: readonly number[];
  /** Requests in 24 hours. */
  perDay: number;
}

/** What a request counts for. */
export interface Rate {
  key: string;
  windows: readonly RateWindow[];
  unapproved?: UnapprovedLimits;
}

export interface RatePort {
  /**
   * Counts one event under `key`, unless one of the windows is full. Returns 0 if it was counted, or
   * the milliseconds until there is room.
   */
  take(key: string, windows: readonly RateWindow[], now: number): Promise<number>;
}
