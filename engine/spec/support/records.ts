import type { ReceiptRecord, RequestRecord } from '../../lib/data/records.js';

/** A public key, as far as repositories look at it. */
export const KEY = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' } as const;

/** The receipt of an answer to this request. */
export function receiptOf(request: RequestRecord, approved = true): ReceiptRecord {
  const { authRequest, appKey, userId } = request;
  return {
    authRequest,
    appKey,
    userId,
    deviceId: 'device',
    approved,
    at: 1,
    publicKey: KEY,
    signed: 'base',
    signature: 'signature',
    body: JSON.stringify({ approved }),
  };
}
