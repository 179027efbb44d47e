import type { EcPublicKey } from '../../crypto/ec.js';

/** A device's answer as it was signed: proof of who answered what, and when. */
export interface ReceiptRecord {
  authRequest: string;
  appKey: string;
  userId: string;
  deviceId: string;
  approved: boolean;
  at: number;
  /** The device's key at that time, since the device may be deleted before the receipt is read. */
  publicKey: EcPublicKey;
  /** The signature base (RFC 9421), which names the digest of the body and contains no token. */
  signed: string;
  /** Base64. */
  signature: string;
  /** The body as received. */
  body: string;
}

export interface ReceiptPort {
  /** The receipt of an answer; in memory, of the last ten thousand answers. */
  get(authRequest: string): Promise<ReceiptRecord | undefined>;
  /** The newest receipts of a user, newest first. */
  list(userId: string, limit: number): Promise<ReceiptRecord[]>;
}
