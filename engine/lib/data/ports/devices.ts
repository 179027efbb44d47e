import type { EcPublicKey } from '../../crypto/ec.js';

/** A phone or a browser that its user has paired. */
export interface DeviceRecord {
  id: string;
  userId: string;
  name: string;
  publicKey: EcPublicKey;
  /** SHA-256 of the token, which is long and random. */
  tokenHash: string;
  createdAt: number;
  lastSeenAt: number;
  push?: PushSubscription;
  /** The key that the device can use only with the user's PIN. */
  knowledgeKey?: EcPublicKey;
  webauthn?: WebAuthnCredential;
  /** The registration of a WebAuthn credential that has begun. */
  enrolment?: { challenge: string; expiresAt: number };
}

/** The address of a device at its push service, and the keys to encrypt for it (RFC 8291). */
export interface PushSubscription {
  endpoint: string;
  p256dh: string;
  auth: string;
}

export interface WebAuthnCredential {
  /** Base64url. */
  credentialId: string;
  /** COSE key, base64url. */
  publicKey: string;
  counter: number;
  transports: string[];
}

/** The members of a device that can change; `null` removes a member. */
export interface DeviceChange {
  name?: string;
  push?: PushSubscription | null;
  knowledgeKey?: EcPublicKey;
  webauthn?: WebAuthnCredential;
  enrolment?: { challenge: string; expiresAt: number } | null;
}

export interface DevicePort {
  /**
   * `'full'` if the user has `limit` devices, `'gone'` if the user does not exist. The first device
   * replaces the virtual one.
   */
  insert(device: DeviceRecord, limit: number): Promise<'inserted' | 'full' | 'gone'>;
  get(id: string): Promise<DeviceRecord | undefined>;
  /** The user's devices, in the order in which they were paired. */
  list(userId: string): Promise<DeviceRecord[]>;
  /** The number of devices of each user who has any. */
  counts(): Promise<{ userId: string; devices: number }[]>;
  /** `false` if the device does not exist. */
  update(id: string, change: DeviceChange): Promise<boolean>;
  /** Remembers when the device was last seen. */
  seen(id: string, at: number): Promise<void>;
  /** `false` if the user has no such device. */
  delete(userId: string, id: string): Promise<boolean>;
}
