import type { AuditRecord } from './audit.js';
import type { DeliveryRecord } from './deliveries.js';
import type { FraudRecord, FraudReport } from './fraud.js';
import type { Rate } from './rates.js';
import type { ReceiptRecord } from './receipts.js';
import type { SessionRecord } from './sessions.js';

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

/** The browser that a request is for, as the application describes it. */
export interface BrowserRecord {
  /** An IP address. */
  address?: string;
  /** At most 256 characters. */
  userAgent?: string;
  /** Whether the user has logged in with this browser before. */
  known?: boolean;
  /** The application's pseudonym for a known browser. */
  id?: string;
}

export interface RequestRecord {
  authRequest: string;
  appKey: string;
  appName: string;
  /** Names the key that the application signed the request with; the answer is encrypted for it. */
  keyId?: string;
  userId: string;
  username: string;
  session: boolean;
  userPushId: boolean;
  context?: string;
  policy?: Policy;
  /** Forgotten after 30 days. */
  browser?: BrowserRecord;
  /** The key of the rate that it counts for. Forgotten with the browser, whose pseudonym it can hold. */
  rateKey?: string;
  /** The number to pick or to type, and the choice that the device shows of one to pick. */
  number?: string;
  numbers?: string[];
  createdAt: number;
  expiresAt: number;
  /** Whether a wrong number was given; then only a denial is accepted. */
  denialOnly?: boolean;
  answer?: AnswerRecord;
  /** The state of the session that its approval opened. */
  sessionState?: SessionRecord['state'];
}

/** An auth request that its application took back before it was answered. */
export interface WithdrawnRequest extends RequestRecord {
  withdrawnAt: number;
  /** Whether the user has reported it as fraud. */
  reported: boolean;
}

/** The remains of an auth request that has expired or whose session has ended. */
export interface PastRequest {
  past: true;
  appKey: string;
  /** Whether it was approved and had opened a session. */
  hadSession: boolean;
  /** Whether the application took it back. */
  withdrawn?: true;
}

export interface AnswerRecord {
  approved: boolean;
  reason?: DenialReason;
  /** Base64, encrypted for the application; the engine cannot read it. */
  auth: string;
  userHash: string;
  userPushId?: string;
  organizationUser?: string;
  answeredAt: number;
}

/** The further records of the one step that records an answer. */
export interface AnswerStep {
  now: number;
  /** Sessions that the user keeps with the application; the oldest ones beyond it end. */
  sessionLimit: number;
  /** Whether an approval resets the rate that the request counts for. */
  resetsRate?: boolean;
  receipt?: ReceiptRecord;
  audit?: AuditRecord;
  fraud?: FraudReport;
  /** The event that notifies the application. */
  event?: DeliveryRecord;
  /** How many events may be queued for the application; one beyond it is not queued. */
  eventLimit: number;
  /** How long the caller claims the event, which it sends at once. Without it, the event is not claimed. */
  eventLeaseMs?: number;
}

export interface Answered {
  request: RequestRecord;
  /** Whether the event was queued; `true` without an event. */
  queued: boolean;
  /** The user's reports of fraud after this one. */
  fraud?: FraudRecord;
}

/** The further records of the one step that reports a withdrawn request as fraud. */
export interface ReportStep {
  now: number;
  /** Only a request that was withdrawn after this can be reported. */
  since: number;
  fraud: FraudReport;
}

/** What limits new requests. */
export interface RequestLimits {
  /** How many requests of the user may be open. */
  open: number;
  /** The rate that the request counts for, see `RatePort`; none means no limit. */
  rate?: Rate;
}

export interface RequestPort {
  /**
   * Counts and inserts a request. A request of an unknown browser, whose rate limits those without an
   * approval, passes uncounted if there is no room and the user expects a login; the next one does not.
   * Writes `audit`, with `expected` in its details if the request passed in this way. `waitMs` if the rate is exceeded, `'taken'` if the token was ever
   * used, `'full'` if too many requests of the user are open, `'gone'` if the user or the application
   * does not exist.
   */
  insert(
    request: RequestRecord,
    limits: RequestLimits,
    audit?: AuditRecord,
  ): Promise<'inserted' | 'taken' | 'full' | 'gone' | { waitMs: number }>;
  get(authRequest: string): Promise<RequestRecord | PastRequest | undefined>;
  /** The user's open requests, oldest first. */
  listOpen(userId: string, now: number): Promise<RequestRecord[]>;
  /** The number of open requests of all users. */
  countOpen(now: number): Promise<number>;
  /** Expires the user's open requests and returns their tokens. */
  expireOpen(userId: string, now: number): Promise<string[]>;
  /**
   * Records the one answer of an open request with its receipt, audit entry, report of fraud and event,
   * and opens its session. Of several answers at once the first counts; the others return `'answered'`
   * and record nothing. `undefined` if the request does not exist.
   */
  answer(
    authRequest: string,
    answer: AnswerRecord,
    step: AnswerStep,
  ): Promise<Answered | 'answered' | 'expired' | 'withdrawn' | 'denial only' | undefined>;
  /** Refuses approvals of this request from now on. An answered request does not change. */
  allowDenialOnly(authRequest: string): Promise<void>;
  /**
   * Ends an open request unanswered and writes `audit`. The request no longer counts in the shortest
   * window of its rate. Of a withdrawal and an answer at once, the first
   * counts; the other changes nothing. `undefined` if the request does not exist.
   */
  withdraw(
    authRequest: string,
    audit: AuditRecord,
    now: number,
  ): Promise<'taken back' | 'answered' | 'expired' | 'withdrawn' | undefined>;
  /** The user's latest requests that were withdrawn after `since`, at most `limit`, oldest first. */
  listWithdrawn(userId: string, since: number, limit: number): Promise<WithdrawnRequest[]>;
  /**
   * Counts a report of fraud for a request of the user that was withdrawn, once. `'reported'` if it was
   * counted before; `undefined` if the user has no such request.
   */
  reportWithdrawn(
    authRequest: string,
    userId: string,
    step: ReportStep,
  ): Promise<FraudRecord | 'reported' | undefined>;
  /** The requests answered or withdrawn since then, by any process. */
  endedSince(time: number): Promise<string[]>;
}
