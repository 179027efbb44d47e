import type {
  AnswerRecord,
  PastRequest,
  RequestRecord,
  WithdrawnRequest,
} from '../ports/requests.js';
import { REMEMBER_PAST_MS } from '../retention.js';
import { columnsOf } from './prepared.js';
import type { RequestRow } from './schema.js';

export const COLUMNS = columnsOf<RequestRow>()({
  texts: [
    'auth_request',
    'app_key',
    'app_name',
    'key_id',
    'user_id',
    'username',
    'context',
    'policy',
    'number',
    'numbers',
    'browser',
    'rate_key',
    'reason',
    'auth',
    'user_hash',
    'user_push_id',
    'organization_user',
    'session_state',
  ],
  numbers: [
    'session',
    'wants_push_id',
    'created_at',
    'expires_at',
    'denial_only',
    'answered_at',
    'approved',
    'confirmed',
    'withdrawn_at',
    'expired_at',
    'forget_at',
  ],
});

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
    browser: request.browser ? JSON.stringify(request.browser) : null,
    rate_key: request.rateKey ?? null,
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
    withdrawn_at: null,
    expired_at: null,
    forget_at: request.expiresAt + REMEMBER_PAST_MS,
  };
}

export function requestRecord(row: RequestRow): RequestRecord | PastRequest {
  if (row.session_state === 'ended') return { past: true, appKey: row.app_key, hadSession: true };
  if (row.withdrawn_at === null) return openOrAnswered(row);
  return { past: true, appKey: row.app_key, hadSession: false, withdrawn: true };
}

export function withdrawnRecord(row: RequestRow): WithdrawnRequest {
  const withdrawnAt = row.withdrawn_at ?? row.expires_at;
  return { ...openOrAnswered(row), withdrawnAt, reported: row.reason !== null };
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
    browser: row.browser === null ? undefined : JSON.parse(row.browser),
    rateKey: row.rate_key ?? undefined,
    number: row.number ?? undefined,
    numbers: row.numbers === null ? undefined : JSON.parse(row.numbers),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    denialOnly: row.denial_only === 1 || undefined,
    answer: answerRecord(row),
    sessionState: row.session_state === 'ended' ? undefined : (row.session_state ?? undefined),
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
