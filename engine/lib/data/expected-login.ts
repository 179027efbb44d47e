import type { AuditRecord } from './ports/audit.js';
import type { Rate } from './ports/rates.js';
import { EXPECT_LOGIN_MS } from './retention.js';

/**
 * Whether a request passes because its user expects a login. After the clock was put back, it passes for
 * no longer than it would have without that.
 */
export function passesAsExpected(
  rate: Rate | undefined,
  expectedUntil: number | null | undefined,
  now: number,
): boolean {
  if (!rate?.unapproved || typeof expectedUntil !== 'number') return false;
  return expectedUntil > now && expectedUntil <= now + EXPECT_LOGIN_MS;
}

/** The audit entry of a request that passed because its user expects a login. */
export function asExpected(audit: AuditRecord): AuditRecord {
  return { ...audit, details: { ...audit.details, expected: true } };
}
