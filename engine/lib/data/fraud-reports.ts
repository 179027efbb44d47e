import type { AuditRecord } from './ports/audit.js';
import type { FraudRecord, FraudReport } from './ports/fraud.js';

/** Reported browsers that a pause remembers; the oldest drops out. */
const MAX_PAUSED_KEYS = 20;

/** The user's record after one more report, of a request that counted under `rateKey`. */
export function countReport(
  before: FraudRecord | undefined,
  { pausesMs, resetAfterMs }: FraudReport,
  now: number,
  rateKey: string | undefined,
): FraudRecord {
  const reports = before && now - before.lastAt < resetAfterMs ? before.reports + 1 : 1;
  const pauseMs = pausesMs[Math.min(reports, pausesMs.length) - 1] ?? 0;
  const pausedUntil = Math.max(before?.pausedUntil ?? 0, now + pauseMs);
  const paused = before && before.pausedUntil > now ? before.pausedKeys : [];
  const keys = new Set([...paused, ...(rateKey === undefined ? [] : [rateKey])]);
  const pausedKeys = [...keys].slice(-MAX_PAUSED_KEYS);
  return { reports, lastAt: now, pausedUntil, pausedKeys };
}

/** The audit entry of a report, with what it has come to. */
export function auditOf({ audit }: FraudReport, fraud: FraudRecord): AuditRecord {
  const { reports, pausedUntil } = fraud;
  return { ...audit, details: { ...audit.details, reports, pausedUntil } };
}
