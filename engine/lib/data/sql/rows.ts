import type {
  AnswerRecord,
  AppRecord,
  AuditRecord,
  DeliveryRecord,
  DeviceRecord,
  PairingRecord,
  PastRequest,
  ReceiptRecord,
  RequestRecord,
  SessionRecord,
  UserRecord,
} from '../records.js';
import type {
  AppRow,
  AuditRow,
  DeliveryRow,
  DeviceRow,
  PairingRow,
  ReceiptRow,
  RequestRow,
  UserRow,
} from './schema.js';

/** For how long a request that is over is still told apart from one that never was. */
export const REMEMBERED = 3_600_000;

export function appRow(app: AppRecord): AppRow {
  return {
    app_key: app.appKey,
    name: app.name,
    secret_hash: app.secretHash,
    public_key: app.publicKey,
    callback_url: app.callbackUrl ?? null,
    organization: app.organization ?? null,
    disabled: Number(app.disabled),
    created_at: app.createdAt,
    previous_secret_hash: app.previous?.secretHash ?? null,
    previous_public_key: app.previous?.publicKey ?? null,
    previous_until: app.previous?.until ?? null,
    strict_stamps: Number(app.strictStamps ?? false),
    used_ping_keys: jsonOrNull(app.usedPingKeys),
  };
}

export function appRecord(row: AppRow): AppRecord {
  return {
    appKey: row.app_key,
    name: row.name,
    secretHash: row.secret_hash,
    publicKey: row.public_key,
    callbackUrl: row.callback_url ?? undefined,
    organization: row.organization ?? undefined,
    disabled: row.disabled === 1,
    createdAt: row.created_at,
    previous: previousRecord(row),
    strictStamps: row.strict_stamps === 1 || undefined,
    usedPingKeys: fromJson(row.used_ping_keys),
  };
}

function previousRecord(row: AppRow): AppRecord['previous'] {
  const { previous_secret_hash: secretHash, previous_public_key: publicKey } = row;
  if (secretHash === null || publicKey === null) return undefined;
  return { secretHash, publicKey, until: row.previous_until ?? 0 };
}

export function userRow(user: UserRecord): UserRow {
  return {
    id: user.id,
    username: user.username,
    white_label_of: user.whiteLabelOf ?? null,
    device_id: user.deviceId ?? null,
    created_at: user.createdAt,
  };
}

export function userRecord(row: UserRow): UserRecord {
  return {
    id: row.id,
    username: row.username,
    whiteLabelOf: row.white_label_of ?? undefined,
    deviceId: row.device_id ?? undefined,
    createdAt: row.created_at,
  };
}

export function pairingRecord(row: PairingRow): PairingRecord {
  return {
    userId: row.user_id,
    codeHash: row.code_hash,
    linkHash: row.link_hash,
    imageHash: row.image_hash,
    expiresAt: row.expires_at,
  };
}

export function requestRow(request: RequestRecord): RequestRow {
  return {
    auth_request: request.authRequest,
    app_key: request.appKey,
    app_name: request.appName,
    key_id: request.keyId ?? null,
    user_id: request.userId,
    username: request.username,
    session: Number(request.session),
    wants_push_id: Number(request.userPushId),
    context: request.context ?? null,
    policy: request.policy ? JSON.stringify(request.policy) : null,
    number: request.number ?? null,
    numbers: request.numbers ? JSON.stringify(request.numbers) : null,
    created_at: request.createdAt,
    expires_at: request.expiresAt,
    denial_only: 0,
    answered_at: null,
    approved: null,
    reason: null,
    auth: null,
    user_hash: null,
    user_push_id: null,
    organization_user: null,
    session_state: null,
    confirmed: 0,
    forget_at: request.expiresAt + REMEMBERED,
  };
}

export function requestRecord(row: RequestRow): RequestRecord | PastRequest {
  if (row.session_state === 'ended') return { past: true, appKey: row.app_key, hadSession: true };
  return openOrAnswered(row);
}

export function openOrAnswered(row: RequestRow): RequestRecord {
  return {
    authRequest: row.auth_request,
    appKey: row.app_key,
    appName: row.app_name,
    keyId: row.key_id ?? undefined,
    userId: row.user_id,
    username: row.username,
    session: row.session === 1,
    userPushId: row.wants_push_id === 1,
    context: row.context ?? undefined,
    policy: row.policy === null ? undefined : JSON.parse(row.policy),
    number: row.number ?? undefined,
    numbers: row.numbers === null ? undefined : JSON.parse(row.numbers),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    denialOnly: row.denial_only === 1 || undefined,
    answer: answerRecord(row),
  };
}

function answerRecord(row: RequestRow): AnswerRecord | undefined {
  if (row.answered_at === null) return undefined;
  return {
    approved: row.approved === 1,
    reason: (row.reason as AnswerRecord['reason']) ?? undefined,
    auth: row.auth ?? '',
    userHash: row.user_hash ?? '',
    userPushId: row.user_push_id ?? undefined,
    organizationUser: row.organization_user ?? undefined,
    answeredAt: row.answered_at,
  };
}

/** The members that an answer adds to its request. */
export function answerColumns(answer: AnswerRecord) {
  return {
    answered_at: answer.answeredAt,
    approved: Number(answer.approved),
    reason: answer.reason ?? null,
    auth: answer.auth,
    user_hash: answer.userHash,
    user_push_id: answer.userPushId ?? null,
    organization_user: answer.organizationUser ?? null,
  };
}

export function sessionRecord(row: RequestRow): SessionRecord {
  return {
    authRequest: row.auth_request,
    appKey: row.app_key,
    appName: row.app_name,
    userId: row.user_id,
    context: row.context ?? undefined,
    openedAt: row.answered_at ?? row.created_at,
    state: row.session_state === 'open' ? 'open' : 'pending clear',
    confirmed: row.confirmed === 1,
  };
}

export function deliveryRow(delivery: DeliveryRecord): DeliveryRow {
  return {
    id: delivery.id,
    kind: delivery.kind,
    app_key: delivery.appKey,
    user_id: delivery.userId,
    callback_url: delivery.callbackUrl,
    parameters: JSON.stringify(delivery.parameters),
    event_time: delivery.eventTime,
    created_at: delivery.createdAt,
    attempts: delivery.attempts,
    next_attempt_at: delivery.nextAttemptAt,
    give_up_at: delivery.giveUpAt,
    claimed_until: 0,
  };
}

export function deliveryRecord(row: DeliveryRow): DeliveryRecord {
  return {
    id: row.id,
    kind: row.kind,
    appKey: row.app_key,
    userId: row.user_id,
    callbackUrl: row.callback_url,
    parameters: JSON.parse(row.parameters),
    eventTime: row.event_time,
    createdAt: row.created_at,
    attempts: row.attempts,
    nextAttemptAt: row.next_attempt_at,
    giveUpAt: row.give_up_at,
  };
}

export function deviceRow(device: DeviceRecord): DeviceRow {
  return {
    id: device.id,
    user_id: device.userId,
    name: device.name,
    public_key: JSON.stringify(device.publicKey),
    token_hash: device.tokenHash,
    created_at: device.createdAt,
    last_seen_at: device.lastSeenAt,
    push: jsonOrNull(device.push),
    knowledge_key: jsonOrNull(device.knowledgeKey),
    webauthn: jsonOrNull(device.webauthn),
    enrolment: jsonOrNull(device.enrolment),
  };
}

export function deviceRecord(row: DeviceRow): DeviceRecord {
  return {
    id: row.id,
    userId: row.user_id,
    name: row.name,
    publicKey: JSON.parse(row.public_key),
    tokenHash: row.token_hash,
    createdAt: row.created_at,
    lastSeenAt: row.last_seen_at,
    push: fromJson(row.push),
    knowledgeKey: fromJson(row.knowledge_key),
    webauthn: fromJson(row.webauthn),
    enrolment: fromJson(row.enrolment),
  };
}

export function receiptRow(receipt: ReceiptRecord): ReceiptRow {
  return {
    auth_request: receipt.authRequest,
    app_key: receipt.appKey,
    user_id: receipt.userId,
    device_id: receipt.deviceId,
    approved: Number(receipt.approved),
    at: receipt.at,
    public_key: JSON.stringify(receipt.publicKey),
    signed: receipt.signed,
    signature: receipt.signature,
    body: receipt.body,
  };
}

export function receiptRecord(row: ReceiptRow): ReceiptRecord {
  return {
    authRequest: row.auth_request,
    appKey: row.app_key,
    userId: row.user_id,
    deviceId: row.device_id,
    approved: row.approved === 1,
    at: row.at,
    publicKey: JSON.parse(row.public_key),
    signed: row.signed,
    signature: row.signature,
    body: row.body,
  };
}

export function auditRow(record: AuditRecord): AuditRow {
  return {
    id: record.id,
    at: record.at,
    kind: record.kind,
    user_id: record.userId ?? null,
    app_key: record.appKey ?? null,
    device_id: record.deviceId ?? null,
    details: JSON.stringify(record.details),
  };
}

export function auditRecord(row: AuditRow): AuditRecord {
  return {
    id: row.id,
    at: row.at,
    kind: row.kind,
    userId: row.user_id ?? undefined,
    appKey: row.app_key ?? undefined,
    deviceId: row.device_id ?? undefined,
    details: JSON.parse(row.details),
  };
}

export function jsonOrNull(value: unknown): string | null {
  return value === undefined || value === null ? null : JSON.stringify(value);
}

function fromJson<T>(text: string | null): T | undefined {
  return text === null ? undefined : JSON.parse(text);
}
