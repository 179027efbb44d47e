/** A one-time offer to pair a device with a user. It holds hashes only, so its readers learn no code. */
export interface PairingRecord {
  userId: string;
  /** SHA-256 of the code that is typed. */
  codeHash: string;
  /** SHA-256 of the secret in the link, which the QR image shows. */
  linkHash: string;
  /** SHA-256 of the image's name, from which the link's secret is made. */
  imageHash: string;
  expiresAt: number;
}

export interface PairingPort {
  /** Keeps the pairing and removes an earlier one of the same user. */
  put(pairing: PairingRecord): Promise<void>;
  /** Returns and removes the pairing with this code or link, unless it has expired. */
  take(by: 'codeHash' | 'linkHash', hash: string, now: number): Promise<PairingRecord | undefined>;
  byImage(imageHash: string, now: number): Promise<PairingRecord | undefined>;
}
