import { LOWERCASE_AND_DIGITS, randomText } from '../crypto/random.js';
import type { Data } from '../data/data.js';
import type { AppRecord } from '../data/ports/apps.js';
import type { Found } from '../data/ports/calls.js';
import type { FraudRecord } from '../data/ports/fraud.js';
import type { RateWindow } from '../data/ports/rates.js';
import type {
  Answered,
  AnswerRecord,
  AnswerStep,
  BrowserRecord,
  DenialReason,
  PastRequest,
  Policy,
  RequestRecord,
} from '../data/ports/requests.js';
import type { Recipient } from '../data/ports/users.js';
import type { Logger } from '../observability/logger.js';
import type { Audit } from './audit.js';
import { isKnown, rateKey, rateOf } from './budget.js';
import { answerKey, keyId } from './credentials.js';
import type { Events } from './events.js';
import type { Fraud } from './fraud.js';
import type { Limits } from './limits.js';
import { numberChoice } from './number-choice.js';
import { ownRequest } from './own-request.js';
import { isRefused, type Refusal } from './refusals.js';
import type { RefusedRequests } from './refused-requests.js';
import type { Signals } from './signals.js';
import { refuseName, type Users } from './users.js';

export const DENIAL_REASONS: readonly DenialReason[] = [
  'disapproved',
  'fraudulent',
  'policy',
  'number',
  'expired',
];

/** An application that makes up pseudonyms must not push without end. */
const ALL_KNOWN_BROWSERS: RateWindow = { requests: 20, seconds: 60 };

/** What can be the token of a request. */
const TOKEN = /^[A-Za-z0-9]{1,64}$/;

/** The parameters of `POST /auths`, read and typed. */
export interface NewRequest {
  username: string;
  session: boolean;
  userPushId: boolean;
  context?: string;
  policy?: Policy;
  browser?: BrowserRecord;
  number?: string;
  /** A token that the application chose. */
  authRequest?: string;
}

/** A device's answer: the decision for the engine, and the package for the application. */
export interface DeviceAnswer {
  authRequest: string;
  deviceId: string;
  approved: boolean;
  reason?: DenialReason;
  /** Base64 of the package, encrypted for the application. */
  auth: string;
}

/** A request that can be answered, and the application that made it. */
export interface OpenRequest {
  request: RequestRecord;
  app: AppRecord;
}

/** Why no request can be created. */
export type CreateRefusal = Refusal<
  | 'invalid_name'
  | 'unknown_user'
  | 'no_device'
  | 'token_taken'
  | 'paused'
  | 'rate_limited'
  | 'too_many_open'
>;
/** Why a request cannot be answered. */
export type OpenRefusal = Refusal<'unknown_request' | 'answered' | 'expired' | 'withdrawn'>;
export type AnswerRefusal = OpenRefusal | Refusal<'denial_only'>;

/** Reads a request. */
export type RequestReader = Found<RequestRecord | PastRequest>['subject'];

/** The state of an auth request for the application that made it. */
export type PollResult =
  | { state: 'pending'; expiresAt: number }
  | { state: 'answered'; answer: AnswerRecord };

export interface RequestDependencies {
  data: Data;
  users: Users;
  signals: Signals;
  events: Events;
  fraud: Fraud;
  audit: Audit;
  refusedRequests: RefusedRequests;
  limits: Limits;
  clock: () => number;
  /** How long an auth request can be answered, in milliseconds. */
  requestTtl: number;
  rateWindows: readonly RateWindow[];
  /** Receives a line for each answer, if the operator wants that. */
  logins?: Logger | undefined;
  /** How long this engine claims the event of an answer, which it sends at once, in milliseconds. */
  eventLeaseMs: number;
}

/** Auth requests, from the push to the answer. */
export class Requests {
  private readonly with: RequestDependencies;

  constructor(dependencies: RequestDependencies) {
    this.with = dependencies;
  }

  /** Finds an application together with the user whom it names, whom {@link create} then reads. */
  async findRecipient(appKey: string, username: unknown): Promise<Found<Recipient>> {
    const { data, users } = this.with;
    const names = typeof username === 'string' && !refuseName(username);
    return await data.calls.recipient(appKey, names ? users.namesOf({ appKey }, username) : []);
  }

  /** Finds an application together with a request, which {@link poll} then reads. */
  async find(appKey: string, authRequest: unknown): Promise<Found<RequestRecord | PastRequest>> {
    const isToken = typeof authRequest === 'string' && TOKEN.test(authRequest);
    return await this.with.data.calls.request(appKey, isToken ? authRequest : '');
  }

  /** Creates an auth request, tells the user's devices, and returns its token. */
  async create(
    app: AppRecord,
    wanted: NewRequest,
    read?: Found<Recipient>['subject'],
  ): Promise<{ authRequest: string } | CreateRefusal> {
    const recipient = await this.recipient(app, wanted.username, read);
    const created = isRefused(recipient) ? recipient : await this.ask(app, wanted, recipient);
    if (isRefused(created)) {
      const userId = isRefused(recipient) ? undefined : recipient.user.id;
      await this.with.refusedRequests.count({ userId, appKey: app.appKey }, created.refused);
    }
    return created;
  }

  private async ask(
    app: AppRecord,
    wanted: NewRequest,
    { user, devices, fraud }: Recipient,
  ): Promise<{ authRequest: string } | CreateRefusal> {
    const { data, audit, signals, limits, clock, requestTtl, rateWindows } = this.with;
    const key = rateKey(app.appKey, user.id, wanted.browser);
    const paused = this.refusePaused(fraud, { userId: user.id, rateKey: key });
    if (paused) return paused;
    const now = clock();
    const request: RequestRecord = {
      authRequest: wanted.authRequest ?? randomText(32, LOWERCASE_AND_DIGITS),
      appKey: app.appKey,
      appName: app.name,
      keyId: keyId(app.publicKey),
      userId: user.id,
      username: user.username,
      session: wanted.session,
      userPushId: wanted.userPushId,
      context: wanted.context,
      policy: wanted.policy,
      browser: wanted.browser,
      rateKey: key,
      number: wanted.number,
      numbers: wanted.number === undefined ? undefined : numberChoice(wanted.number),
      createdAt: now,
      expiresAt: now + requestTtl,
    };
    const limited = await this.limitKnownBrowsers(app, user.id, wanted.browser);
    if (limited) return limited;
    const requestLimits = {
      open: limits.pendingPerUser,
      ...(rateWindows.length > 0 && { rate: rateOf(key, user.id, rateWindows) }),
    };
    const entry = audit.entry('request.created', { userId: user.id, appKey: app.appKey });
    const inserted = await data.requests.insert(request, requestLimits, entry);
    if (typeof inserted === 'object') {
      return { refused: 'rate_limited', retryAfterMs: inserted.waitMs };
    }
    if (inserted === 'taken') return { refused: 'token_taken' };
    if (inserted === 'gone') return { refused: 'unknown_user' };
    if (inserted === 'full') return await this.refuseFull(user.id, now);
    signals.publish({ userId: user.id });
    signals.requestCreated.publish(request, devices);
    return { authRequest: request.authRequest };
  }

  /** Returns the state of a request for the application that made it. */
  async poll(
    app: AppRecord,
    authRequest: string,
    read: RequestReader = () => this.with.data.requests.get(authRequest),
  ): Promise<PollResult | Refusal<'unknown_request' | 'expired'>> {
    const request = ownRequest(await read(), app, this.with.clock());
    if (!request) return { refused: 'unknown_request' };
    if ('past' in request) return { refused: 'expired' };
    const { answer } = request;
    if (!answer) return { state: 'pending', expiresAt: request.expiresAt };
    if (answer.approved && request.session && request.sessionState !== 'open') {
      return { refused: 'expired' };
    }
    return { state: 'answered', answer };
  }

  /** The open requests of a user, oldest first. */
  async pending(userId: string): Promise<RequestRecord[]> {
    return await this.with.data.requests.listOpen(userId, this.with.clock());
  }

  /** Returns the open request of this token, for the device that answers it. */
  async open(authRequest: string): Promise<OpenRequest | OpenRefusal> {
    const { data, clock } = this.with;
    const found = await data.calls.answerable(authRequest);
    if (found === undefined) return { refused: 'unknown_request' };
    const { request, app } = found;
    if ('past' in request) return { refused: request.withdrawn ? 'withdrawn' : 'expired' };
    if (request.answer) return { refused: 'answered' };
    if (request.expiresAt <= clock()) return { refused: 'expired' };
    return app ? { request, app } : { refused: 'unknown_request' };
  }

  /** The public key (PEM) that the answer must be encrypted for. */
  answerKey({ request, app }: OpenRequest): string {
    return answerKey(app, request, this.with.clock());
  }

  /** Records a device's answer, if it is the first, and tells what waits for it. */
  async answer(
    { request, app }: OpenRequest,
    answer: DeviceAnswer,
    kept: Pick<AnswerStep, 'receipt' | 'audit' | 'fraud'> = {},
  ): Promise<Answered | AnswerRefusal> {
    const { data, users, signals, events, limits, clock, rateWindows, eventLeaseMs } = this.with;
    const record: AnswerRecord = {
      approved: answer.approved,
      reason: answer.reason,
      auth: answer.auth,
      userHash: await users.identity('hash', request.userId, request.appKey),
      answeredAt: clock(),
    };
    if (request.userPushId) {
      record.userPushId = await users.identity('push', request.userId, request.appKey);
    }
    if (app.organization !== undefined) {
      record.organizationUser = await users.identity(
        'organization',
        request.userId,
        app.organization,
      );
    }
    const event = events.answered(app, request, record);
    // The events of a disabled application wait until it is enabled.
    const claimed = !app.disabled;
    const answered = await data.requests.answer(request.authRequest, record, {
      now: clock(),
      sessionLimit: limits.sessionsPerUserAndApp,
      resetsRate: rateWindows.length > 0,
      ...kept,
      event,
      eventLimit: limits.deliveriesPerApp,
      eventLeaseMs: claimed ? eventLeaseMs : undefined,
    });
    if (answered === undefined) return { refused: 'unknown_request' };
    if (answered === 'denial only') return { refused: 'denial_only' };
    if (typeof answered === 'string') return { refused: answered };
    signals.publish({ authRequest: request.authRequest });
    signals.publish({ userId: request.userId });
    events.settle(event, answered.queued, claimed);
    this.log(request, record);
    return answered;
  }

  private log(
    { username, appKey, session, createdAt }: RequestRecord,
    { approved, reason, answeredAt }: AnswerRecord,
  ): void {
    const about = { username, appKey, session, approved, reason, afterMs: answeredAt - createdAt };
    this.with.logins?.info(about, 'login answered');
  }

  /** Tells the user's devices that they show an open request differently. */
  changed(request: RequestRecord): void {
    this.with.signals.publish({ userId: request.userId });
  }

  /** The user to ask, and the paired devices to wake. A virtual device needs no waking. */
  private async recipient(
    app: AppRecord,
    username: string,
    read: Found<Recipient>['subject'] = () => this.with.users.find(app, username),
  ) {
    const refusal = refuseName(username);
    if (refusal) return refusal;
    const found = await read();
    if (!found) return { refused: 'unknown_user' } as const;
    const recipient = await this.with.users.preferOlder(found, username);
    const { user, devices } = recipient;
    // The answer for a suspended user is that for a user without a device: it tells the application no more.
    const suspended = user.suspendedAt !== undefined;
    if (suspended || !this.with.users.hasDevice(user, devices.length)) {
      return { refused: 'no_device' } as const;
    }
    return recipient;
  }

  /** There is room when the first of the open requests expires. */
  private async refuseFull(userId: string, now: number): Promise<Refusal<'too_many_open'>> {
    const open = await this.with.data.requests.listOpen(userId, now);
    const first = Math.min(...open.map(({ expiresAt }) => expiresAt), now + this.with.requestTtl);
    return { refused: 'too_many_open', retryAfterMs: first - now };
  }

  /** A report of fraud pauses requests, so that an attacker cannot wear the user down. */
  private refusePaused(
    fraud: FraudRecord | undefined,
    request: Pick<RequestRecord, 'userId' | 'rateKey'>,
  ): Refusal<'paused'> | undefined {
    const until = this.with.fraud.pauseOfRequest(fraud, request);
    if (until === undefined) return undefined;
    return { refused: 'paused', retryAfterMs: until - this.with.clock() };
  }

  private async limitKnownBrowsers(
    app: AppRecord,
    userId: string,
    browser: BrowserRecord | undefined,
  ): Promise<Refusal<'rate_limited'> | undefined> {
    const { data, rateWindows, clock } = this.with;
    if (rateWindows.length === 0 || !isKnown(browser)) return undefined;
    const key = `known ${app.appKey} ${userId}`;
    const retryAfterMs = await data.rates.take(key, [ALL_KNOWN_BROWSERS], clock());
    return retryAfterMs > 0 ? { refused: 'rate_limited', retryAfterMs } : undefined;
  }
}
