import type { EcPublicKey } from '../crypto/ec.js';
import type { AuditRecord } from '../data/ports/audit.js';
import type { DeviceRecord } from '../data/ports/devices.js';
import type { ReceiptRecord } from '../data/ports/receipts.js';
import type { Policy, RequestRecord } from '../data/ports/requests.js';
import type { SessionRecord } from '../data/ports/sessions.js';
import { type RequestBrowser, showBrowser } from './browsers.js';

/** An auth request as a device shows it. */
export interface PendingRequest {
  authRequest: string;
  app: { name: string; appKey: string };
  username: string;
  /** What the application says that it is about. */
  context?: string;
  /** Whether an approval opens a LaunchKey session; otherwise it is a transaction. */
  session: boolean;
  /** The numbers to pick from, where one must be picked. */
  numbers?: string[];
  policy?: Policy;
  /** The browser where the login was started, if the application describes it. */
  browser?: RequestBrowser;
  createdAt: Date;
  expiresAt: Date;
}

/** A LaunchKey session that has not ended. */
export interface OpenSession {
  authRequest: string;
  app: { name: string; appKey: string };
  context?: string;
  openedAt: Date;
  /** `pending clear`: ended on the device, and the application has not confirmed it yet. */
  state: 'open' | 'pending clear';
  /** Whether the application has reported that it logged the user in. */
  confirmed: boolean;
}

/** What pairs a device with a user. */
export interface PairingCode {
  username: string;
  /** For typing in: ten letters and digits. */
  code: string;
  /** The link that does the same; its secret is in the fragment. */
  url: string;
  /** The address of the link's QR code, a PNG. */
  qrcode: string;
  expiresAt: Date;
}

/** A paired device as an operator sees one. */
export interface DeviceInfo {
  id: string;
  name: string;
  createdAt: Date;
  /** To the minute. */
  lastSeenAt: Date;
  /** Whether it is told of requests by Web Push. */
  push: boolean;
  /** What it can prove besides that it is there. */
  factors: ('knowledge' | 'webauthn')[];
}

/** Something that was done. */
export interface AuditEntry {
  at: Date;
  /** `device.paired`, `request.denied`, … */
  kind: string;
  username?: string;
  appKey?: string;
  deviceId?: string;
  details: Record<string, string | number | boolean>;
}

/**
 * Proof of who answered what: `signature` (base64, ECDSA P-256 with SHA-256) is by `publicKey` over
 * `signed`, which names the SHA-256 digest of `body`.
 */
export interface Receipt {
  authRequest: string;
  appKey: string;
  deviceId: string;
  approved: boolean;
  at: Date;
  publicKey: EcPublicKey;
  signed: string;
  signature: string;
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

export function showAudit(record: AuditRecord, username: string | undefined): AuditEntry {
  const { at, kind, appKey, deviceId, details } = record;
  return { at: new Date(at), kind, username, appKey, deviceId, details: { ...details } };
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
