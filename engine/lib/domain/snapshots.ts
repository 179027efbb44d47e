import type { EcPublicKey } from '../crypto/ec.js';
import type { WrittenAudit } from '../data/ports/audit.js';
import type { DeviceRecord } from '../data/ports/devices.js';
import type { ReceiptRecord } from '../data/ports/receipts.js';
import type { Policy, RequestRecord } from '../data/ports/requests.js';
import type { SessionRecord } from '../data/ports/sessions.js';
import { type RequestBrowser, showBrowser } from './browsers.js';
import { digitsToType } from './number-choice.js';

/** An open auth request as a device shows it. */
export interface PendingRequest {
  /** The token of the auth request, a secret of the application. */
  authRequest: string;
  /** The application that sent it. */
  app: { name: string; appKey: string };
  /** The user who is asked. */
  username: string;
  /** The text that the application shows with the request. */
  context?: string;
  /** Whether an approval opens a LaunchKey session. Otherwise the request is a transaction. */
  session: boolean;
  /** The numbers that the device shows, one of which the user must pick to approve. */
  numbers?: string[];
  /** How many digits the number has that the user must type on the device to approve. */
  numberLength?: number;
  /** What an approval must prove. */
  policy?: Policy;
  /** The browser where the login was started, if the application describes it. */
  browser?: RequestBrowser;
  /** When it was sent, in engine time. */
  createdAt: Date;
  /** Until when it can be answered, in engine time. */
  expiresAt: Date;
}

/** A LaunchKey session that has not ended. */
export interface OpenSession {
  /** The token of the auth request that opened it, a secret of the application. */
  authRequest: string;
  /** The application that the user is logged in to. */
  app: { name: string; appKey: string };
  /** The text that the application showed with the request. */
  context?: string;
  /** When the user approved, in engine time. */
  openedAt: Date;
  /** `pending clear` after the user ended it on the device, until the application confirms. */
  state: 'open' | 'pending clear';
  /** Whether the application has reported that it logged the user in. */
  confirmed: boolean;
}

/** A code and a link that pair a device with a user. Either works once. */
export interface PairingCode {
  username: string;
  /** Code for typing: ten letters and digits. */
  code: string;
  /** Link that pairs without typing. Its secret is in the fragment. */
  url: string;
  /** URL of the link's QR code as PNG. With `.svg` instead of `.png` it is an SVG. */
  qrcode: string;
  /** Until when code and link work, in engine time. */
  expiresAt: Date;
}

/** A paired device, as {@link Engine.devices} returns it. */
export interface DeviceInfo {
  id: string;
  /** The name that its user gave it. */
  name: string;
  /** When it was paired, in engine time. */
  createdAt: Date;
  /** When it last sent a request, in engine time and to the minute. */
  lastSeenAt: Date;
  /** Whether it receives Web Push messages. */
  push: boolean;
  /** The factors that it can prove besides possession. */
  factors: ('knowledge' | 'webauthn')[];
}

/** An entry of the audit trail. */
export interface AuditEntry {
  /** Names the place of the entry in the trail, for the members `after` and `before` of a filter. */
  cursor: string;
  /** When it happened, in engine time. */
  at: Date;
  /** What happened, for example `device.paired` or `request.denied`. */
  kind: string;
  /** The user whom it concerns, unless the user was deleted. */
  username?: string;
  /** The engine's own name of that user, which stays when the user is deleted. */
  userId?: string;
  /** The application that it concerns. */
  appKey?: string;
  /** The device that it concerns. */
  deviceId?: string;
  /** Details of this kind of entry. They hold no secrets. */
  details: Record<string, string | number | boolean>;
}

/** Proof of an answer: the request that a paired device signed. */
export interface Receipt {
  /** The token of the auth request. */
  authRequest: string;
  /** The application that sent the auth request. */
  appKey: string;
  /** The device that answered. It may be unpaired by now. */
  deviceId: string;
  /** The device's decision. */
  approved: boolean;
  /** When the answer was recorded, in engine time. */
  at: Date;
  /** The device's public key. */
  publicKey: EcPublicKey;
  /** The signed text: a signature base (RFC 9421), which holds the SHA-256 digest of `body`. */
  signed: string;
  /** The signature of `signed` by `publicKey`: ECDSA P-256 with SHA-256, base64. */
  signature: string;
  /** The body of the device's request. */
  body: string;
}

export function showDevice(device: DeviceRecord): DeviceInfo {
  return {
    id: device.id,
    name: device.name,
    createdAt: new Date(device.createdAt),
    lastSeenAt: new Date(device.lastSeenAt),
    push: device.push !== undefined,
    factors: [
      ...(device.knowledgeKey ? (['knowledge'] as const) : []),
      ...(device.webauthn ? (['webauthn'] as const) : []),
    ],
  };
}

export function showAudit(record: WrittenAudit, username: string | undefined): AuditEntry {
  const { seq, at, kind, userId, appKey, deviceId, details } = record;
  const cursor = `${seq}`;
  return {
    cursor,
    at: new Date(at),
    kind,
    username,
    userId,
    appKey,
    deviceId,
    details: { ...details },
  };
}

export function showReceipt({ userId: _internal, at, ...receipt }: ReceiptRecord): Receipt {
  return { ...receipt, at: new Date(at) };
}

export function showRequest(request: RequestRecord): PendingRequest {
  return {
    authRequest: request.authRequest,
    app: { name: request.appName, appKey: request.appKey },
    username: request.username,
    context: request.context,
    session: request.session,
    numbers: request.numbers && [...request.numbers],
    numberLength: digitsToType(request),
    policy: request.policy,
    browser: request.browser && showBrowser(request.browser),
    createdAt: new Date(request.createdAt),
    expiresAt: new Date(request.expiresAt),
  };
}

export function showSession(session: SessionRecord): OpenSession {
  return {
    authRequest: session.authRequest,
    app: { name: session.appName, appKey: session.appKey },
    context: session.context,
    openedAt: new Date(session.openedAt),
    state: session.state,
    confirmed: session.confirmed,
  };
}

/**
 * The sessions of a user with one application. They are shown and ended together, because the protocol
 * cannot end one of them.
 */
export interface SessionGroup {
  app: { name: string; appKey: string };
  count: number;
  since: Date;
  state: OpenSession['state'];
}

/** Groups sessions by application. */
export function groupSessions(sessions: OpenSession[]): SessionGroup[] {
  const groups = new Map<string, SessionGroup>();
  for (const { app, openedAt, state } of sessions) {
    const known = groups.get(app.appKey);
    if (!known) {
      groups.set(app.appKey, { app, count: 1, since: openedAt, state });
      continue;
    }
    known.count += 1;
    // While one of them is open, the user can end them.
    if (state === 'open') known.state = 'open';
  }
  return [...groups.values()];
}
