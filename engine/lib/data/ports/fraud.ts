import type { AuditRecord } from './audit.js';

/** How often a user has reported fraud, and until when requests to them are paused. */
export interface FraudRecord {
  reports: number;
  lastAt: number;
  pausedUntil: number;
  /** The rate keys of the requests that were reported. */
  pausedKeys: string[];
}

/** A report of fraud, which is counted in the step that records its denial. */
export interface FraudReport {
  /** How long requests to the user are paused after the first, second, … report. */
  pausesMs: readonly number[];
  /** The count restarts when the last report is this old. */
  resetAfterMs: number;
  /** The entry in the audit trail; its details get `reports` and `pausedUntil`. */
  audit: AuditRecord;
}

export interface FraudPort {
  /** The user's reports of fraud, and until when requests to them are paused. */
  get(userId: string): Promise<FraudRecord | undefined>;
  /** Ends the pause; the reports stay counted. */
  endPause(userId: string, now: number): Promise<void>;
}
