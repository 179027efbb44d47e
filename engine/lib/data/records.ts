/** What the engine keeps. All times are milliseconds since 1970 on the engine's clock. */

export interface AppRecord {
  /** Ten digits. */
  appKey: string;
  name: string;
  /** SHA-256 of the secret key, which is long and random, so that no slow hash is needed. */
  secretHash: string;
  publicKey: string;
  callbackUrl?: string;
  organization?: string;
  disabled: boolean;
  createdAt: number;
}

export interface UserRecord {
  id: string;
  /** What people type; for white label users `identifier@appKey`, which no plain user can be called. */
  username: string;
  /** The application whose white label user this is. */
  whiteLabelOf?: string;
  /** The device that the user answers on; none means that there is nobody to ask. */
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

export interface PairingRecord {
  codeHash: string;
  userId: string;
  /** The name of the QR image; as unguessable as the code that it shows. */
  imageHash: string;
  /** What the image shows. */
  content: string;
  expiresAt: number;
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
