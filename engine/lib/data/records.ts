import type { EcPublicKey } from '../crypto/ec.js';
/** What the engine keeps. All times are milliseconds since 1970 on the engine's clock. */

export interface AppRecord {
  /** Ten digits. */
  appKey: string;
  name: string;
  /** Salted and slow (scrypt). */
  secretHash: string;
  publicKey: string;
  callbackUrl?: string;
  organization?: string;
  disabled: boolean;
  createdAt: number;
  /** The credentials before the last rotation, where they were to go on for a while. */
  previous?: AppCredentialsRecord & { until: number };
  /** Whether its stamps may be two minutes ahead only. */
  strictStamps?: boolean;
  /** The ping keys that it has encrypted for, as far as they decrypt; one entry for each key. */
  usedPingKeys?: readonly UsedPingKey[];
}

/** That an application encrypts for a ping key. */
export interface UsedPingKey {
  fingerprint: string;
  /** When it last did, to a minute; while it uses one key only, when it began to. */
  at: number;
}

/** What an application identifies itself with. */
export type AppCredentialsRecord = Pick<AppRecord, 'secretHash' | 'publicKey'>;

export interface UserRecord {
  id: string;
  /** What people type; for white label users `identifier@appKey`, which no plain user can be called. */
  username: string;
  /** The application whose white label user this is. */
  whiteLabelOf?: string;
  /** The virtual device, which lives in the engine; gone once a real one is paired. */
  deviceId?: string;
  createdAt: number;
}

/**
 * A name under which one user is known in one place only: to an application (`hash`), to an
 * organization, or as the address for pushes from an application (`push`).
 */
export type IdentityKind = 'hash' | 'organization' | 'push';

export interface Policy {
  minimumRequirements: {
    all: number;
    knowledge: number;
    inherence: number;
    possession: number;
  };
  locations: { radius: number; latitude: number; longitude: number }[];
}

export type DenialReason = 'disapproved' | 'fraudulent' | 'policy' | 'number' | 'expired';

export interface RequestRecord {
  authRequest: string;
  appKey: string;
  appName: string;
  /** Names the key that the application has signed it with, and so can read the answer by. */
  keyId?: string;
  userId: string;
  username: string;
  session: boolean;
  userPushId: boolean;
  context?: string;
  policy?: Policy;
  /** The number to pick, and the choice that the device shows. */
  number?: string;
  numbers?: string[];
  createdAt: number;
  expiresAt: number;
  /** Whether a wrong number was picked: no approval is taken any more. */
  denialOnly?: boolean;
  answer?: AnswerRecord;
}

/** What is remembered of an auth request that is over. */
export interface PastRequest {
  past: true;
  appKey: string;
  /** Whether it was approved and had opened a session. */
  hadSession: boolean;
}

export interface AnswerRecord {
  approved: boolean;
  reason?: DenialReason;
  /** Base64, encrypted for the application: the engine only passes it on. */
  auth: string;
  userHash: string;
  userPushId?: string;
  organizationUser?: string;
  answeredAt: number;
}

export interface SessionRecord {
  authRequest: string;
  appKey: string;
  appName: string;
  userId: string;
  context?: string;
  openedAt: number;
  /** `pending clear`: the user has ended it, and the application has not said `Revoke` yet. */
  state: 'open' | 'pending clear';
  /** Whether the application has reported `Authenticate`, `True`. */
  confirmed: boolean;
}

/** What pairs a device with a user, once. Only hashes: who reads the data learns no code. */
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
  /** The registration of a WebAuthn credential that is under way. */
  enrolment?: { challenge: string; expiresAt: number };
}

/** Where a push service takes messages for a device, and the keys to encrypt them with (RFC 8291). */
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

/** What can change of a device; a member that is `null` is taken away. */
export interface DeviceChange {
  name?: string;
  lastSeenAt?: number;
  push?: PushSubscription | null;
  knowledgeKey?: EcPublicKey;
  webauthn?: WebAuthnCredential;
  enrolment?: { challenge: string; expiresAt: number } | null;
}

/** A device's answer as it was signed: proof of who answered what, and when. */
export interface ReceiptRecord {
  authRequest: string;
  appKey: string;
  userId: string;
  deviceId: string;
  approved: boolean;
  at: number;
  /** The device's key then; the device may be gone when the receipt is looked at. */
  publicKey: EcPublicKey;
  /** The signature base (RFC 9421), which names the digest of the body; no token is in it. */
  signed: string;
  /** Base64. */
  signature: string;
  /** The body as it came. */
  body: string;
}

/** Something that an operator may have to account for. */
export interface AuditRecord {
  id: string;
  at: number;
  /** `device.paired`, `request.denied`, … */
  kind: string;
  userId?: string;
  appKey?: string;
  deviceId?: string;
  details: Record<string, string | number | boolean>;
}

/** How often a user has reported fraud, and how long nobody can ask them for it. */
export interface FraudRecord {
  reports: number;
  lastAt: number;
  pausedUntil: number;
}

/** An event on its way to an application. */
export interface DeliveryRecord {
  id: string;
  kind: 'answer' | 'logout';
  appKey: string;
  userId: string;
  callbackUrl: string;
  /** The members that the event is made of; signatures and times are added when it is sent. */
  parameters: Record<string, string>;
  /** When it happened, or when that was last said anew. */
  eventTime: number;
  createdAt: number;
  attempts: number;
  nextAttemptAt: number;
  giveUpAt: number;
}

export interface RateWindow {
  /** How many auth requests for one user and application are let through … */
  requests: number;
  /** … in this many seconds. */
  seconds: number;
}

/** One generation of the engine's own key. */
export interface PingKeyRecord {
  fingerprint: string;
  /** Whole seconds. */
  madeAt: number;
  /** Until when it decrypts; `undefined` for the current one. */
  retiresAt?: number;
  /** PKCS#8, DER, base64. Encrypted where it leaves this process's memory. */
  privateKey: string;
}
