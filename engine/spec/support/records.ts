import type { Data } from '../../lib/data/data.js';
import type { IdentityKind } from '../../lib/data/ports/identities.js';
import type { ReceiptRecord } from '../../lib/data/ports/receipts.js';
import type { RequestRecord } from '../../lib/data/ports/requests.js';
import type { UserRecord } from '../../lib/data/ports/users.js';

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

/** The user with this identifier in the sector. */
export async function userByIdentity(
  data: Data,
  kind: IdentityKind,
  sector: string,
  value: string,
): Promise<UserRecord | undefined> {
  return (await data.users.recipient([{ kind, sector, value }]))?.user;
}
