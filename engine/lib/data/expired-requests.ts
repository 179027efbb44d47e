import { randomUUID } from 'node:crypto';
import type { AuditRecord } from './ports/audit.js';
import type { RequestRecord } from './ports/requests.js';

/** The audit entry of a request that expired unanswered. */
export function expiryOf({
  userId,
  appKey,
  expiresAt,
}: Pick<RequestRecord, 'userId' | 'appKey' | 'expiresAt'>): AuditRecord {
  return { id: randomUUID(), at: expiresAt, kind: 'request.expired', userId, appKey, details: {} };
}
