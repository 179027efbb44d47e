/** How long the token of a past request is remembered. */
export const REMEMBER_PAST_MS = 3_600_000;
/** How long the browser of a request is remembered, while its session lives. */
export const REMEMBER_BROWSER_MS = 30 * 24 * 3_600_000;
/** How long a device can let a login of an unknown browser through. */
export const EXPECT_LOGIN_MS = 300_000;
/** How long a withdrawn request can be reported as fraud. */
export const REPORT_WITHDRAWN_MS = 300_000;

const DAY_MS = 24 * 3_600_000;

/** How long records are kept, in milliseconds of engine time. */
export interface Retention {
  /** Receipts, from the answer on. Default: 400 days. */
  receipts: number;
  /** Entries of the audit trail. Default: 400 days. */
  audit: number;
  /**
   * LaunchKey sessions that neither the user nor the application has ended, from the approval on. Polls
   * then report them as ended. Default: 90 days.
   */
  sessions: number;
}

export const RETENTION: Retention = {
  receipts: 400 * DAY_MS,
  audit: 400 * DAY_MS,
  sessions: 90 * DAY_MS,
};

/** Records that one step of a sweep deletes of a kind: other steps must not wait long for it. */
export const SWEEP_BATCH = 1000;
