import type { ReceiptRecord } from '../../lib/data/ports/receipts.js';
import type { RequestRecord } from '../../lib/data/ports/requests.js';

/** A public key, which data does not parse. */
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
