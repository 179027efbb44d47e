import type { AuditRecord } from './ports/audit.js';
import type { FraudRecord, FraudReport } from './ports/fraud.js';

/** The user's record after one more report. */
export function countReport(
  before: FraudRecord | undefined,
  { pausesMs, resetAfterMs }: FraudReport,
  now: number,
): FraudRecord {
  const reports = before && now - before.lastAt < resetAfterMs ? before.reports + 1 : 1;
  const pauseMs = pausesMs[Math.min(reports, pausesMs.length) - 1] ?? 0;
  const pausedUntil = Math.max(before?.pausedUntil ?? 0, now + pauseMs);
  return { reports, lastAt: now, pausedUntil };
}

/** The audit entry of a report, with what it has come to. */
export function auditOf({ audit }: FraudReport, fraud: FraudRecord): AuditRecord {
  const { reports, pausedUntil } = fraud;
  return { ...audit, details: { ...audit.details, reports, pausedUntil } };
}
