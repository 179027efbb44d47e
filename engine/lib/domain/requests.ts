import { LOWERCASE_AND_DIGITS, randomText } from '../crypto/random.js';
import type { Data } from '../data/data.js';
import type { AppRecord } from '../data/ports/apps.js';
import type { RateWindow } from '../data/ports/rates.js';
import type {
  Answered,
  AnswerRecord,
  AnswerStep,
  DenialReason,
  Policy,
  RequestRecord,
} from '../data/ports/requests.js';
import { LaunchKeyEngineError } from '../errors.js';
import { answerKey, keyId } from './credentials.js';
import type { Events } from './events.js';
import type { Fraud } from './fraud.js';
import type { Limits } from './limits.js';
import { numberChoice } from './number-choice.js';
import { ownRequest } from './own-request.js';
import { OwnReason, Reason, Refusal } from './refusal.js';
import type { Signals } from './signals.js';
import { nameFault, type Users } from './users.js';

/** What an application asks for with `POST /auths`, already read and typed. */
export interface NewRequest {
  username: string;
  session: boolean;
  userPushId: boolean;
  context?: string;
  policy?: Policy;
  number?: string;
  /** A token of the application's own choosing. */
  authRequest?: string;
}

/** What a device sends back: for the engine whether and why, for the application the package. */
export interface DeviceAnswer {
  authRequest: string;
  deviceId: string;
  approved: boolean;
  reason?: DenialReason;
  /** Base64 of the package, encrypted for the application. */
  auth: string;
}

/** A request that can be answered, and the application that has made it. */
export interface OpenRequest {
  request: RequestRecord;
  app: AppRecord;
}

/** How an auth request stands, seen by the application that made it. */
export type PollResult =
  | { state: 'pending'; expiresAt: number }
  | { state: 'answered'; answer: AnswerRecord };

export interface RequestDependencies {
  data: Data;
  users: Users;
  signals: Signals;
  events: Events;
  fraud: Fraud;
  limits: Limits;
  clock: () => number;
  /** Milliseconds that an auth request lives. */
  requestTtl: number;
  rateWindows: readonly RateWindow[];
}

/** Auth requests from the push to the answer. */
export class Requests {
  private readonly with: RequestDependencies;

  constructor(dependencies: RequestDependencies) {
    this.with = dependencies;
  }

  /** Pushes a request to the user's device and returns its token. */
  async create(app: AppRecord, wanted: NewRequest): Promise<string> {
    const { data, signals, limits, clock, requestTtl } = this.with;
    const { user, devices } = await this.recipient(app, wanted.username);
    await this.refusePaused(user.id);
    await this.limitRate(app, user.id);
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
      number: wanted.number,
      numbers: wanted.number === undefined ? undefined : numberChoice(wanted.number),
      createdAt: now,
      expiresAt: now + requestTtl,
    };
    const inserted = await data.requests.insert(request, limits.pendingPerUser);
    if (inserted === 'taken') {
      throw new Refusal(Reason.incorrectData, { auth_request: 'This token is in use already.' });
    }
    if (inserted === 'gone') throw unknownUser();
    if (inserted === 'full') {
      throw new Refusal(Reason.tooMany, 'Too many requests of this user are open.', requestTtl);
    }
    signals.publish({ userId: user.id });
    signals.requestCreated.publish(request, devices);
    return request.authRequest;
  }

  /** How the request stands; throws a {@link Refusal} where there is nothing to poll for. */
  async poll(app: AppRecord, authRequest: string): Promise<PollResult> {
    const { data, clock } = this.with;
    const request = await ownRequest(data, app, authRequest, clock());
    if (!request) throw new Refusal(OwnReason.noPendingRequest, 'There is no pending request.');
    if ('past' in request) throw expired();
    const { answer } = request;
    if (!answer) return { state: 'pending', expiresAt: request.expiresAt };
    if (answer.approved && request.session) {
      const session = await data.sessions.get(authRequest);
      if (session?.state !== 'open') throw expired();
    }
    return { state: 'answered', answer };
  }

  /** The open requests of a user, oldest first. */
  async pending(userId: string): Promise<RequestRecord[]> {
    return await this.with.data.requests.listOpen(userId, this.with.clock());
  }

  /** The open request of this token, for the device that is to answer it. */
  async open(authRequest: string): Promise<OpenRequest> {
    const { data, clock } = this.with;
    const request = await data.requests.get(authRequest);
    if (request === undefined) throw notAnswerable(authRequest, undefined);
    if ('past' in request) throw notAnswerable(authRequest, 'expired');
    if (request.answer) throw notAnswerable(authRequest, 'answered');
    if (request.expiresAt <= clock()) throw notAnswerable(authRequest, 'expired');
    const app = await data.apps.get(request.appKey);
    if (!app) throw notAnswerable(authRequest, undefined);
    return { request, app };
  }

  /** The public key, PEM, that its answer is to be encrypted for. */
  answerKey({ request, app }: OpenRequest): string {
    return answerKey(app, request, this.with.clock());
  }

  /** Takes a device's answer: the first one counts, and whoever waits for it is told. */
  async answer(
    { request, app }: OpenRequest,
    answer: DeviceAnswer,
    kept: Pick<AnswerStep, 'receipt' | 'audit' | 'fraud'> = {},
  ): Promise<Answered> {
    const { data, users, signals, events, limits, clock } = this.with;
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
    const answered = await data.requests.answer(request.authRequest, record, {
      now: clock(),
      sessionLimit: limits.sessionsPerUserAndApp,
      ...kept,
      event,
      eventLimit: limits.deliveriesPerApp,
    });
    if (typeof answered !== 'object') throw notAnswerable(request.authRequest, answered);
    signals.publish({ authRequest: request.authRequest });
    signals.publish({ userId: request.userId });
    events.settle(event, answered.queued);
    return answered;
  }

  /** Something about an open request is to be shown anew. */
  changed(request: RequestRecord): void {
    this.with.signals.publish({ userId: request.userId });
  }

  /** The user who is asked, and the paired devices to ask on; a virtual one needs no waking. */
  private async recipient(app: AppRecord, username: string) {
    const fault = nameFault(username);
    if (fault) throw new Refusal(Reason.incorrectData, { username: fault });
    const user = await this.with.users.resolve(app, username);
    if (!user) throw unknownUser();
    if (user.deviceId) return { user, devices: [] };
    const devices = await this.with.data.devices.list(user.id);
    if (devices.length > 0) return { user, devices };
    throw new Refusal(Reason.noDevice, 'This user has no paired device.');
  }

  /** After a report of fraud: who pushes requests at the user must not wear him down. */
  private async refusePaused(userId: string): Promise<void> {
    const until = await this.with.fraud.pausedUntil(userId);
    if (until === undefined) return;
    const wait = until - this.with.clock();
    throw new Refusal(Reason.tooMany, 'Requests to this user are paused.', wait);
  }

  private async limitRate(app: AppRecord, userId: string): Promise<void> {
    const { data, rateWindows, clock } = this.with;
    if (rateWindows.length === 0) return;
    const wait = await data.rates.take(`${app.appKey} ${userId}`, rateWindows, clock());
    if (wait > 0) throw new Refusal(Reason.tooMany, 'Too many requests for this user.', wait);
  }
}

function unknownUser(): Refusal {
  return new Refusal(Reason.unknownUser, 'There is no such user.');
}

function expired(): Refusal {
  return new Refusal(OwnReason.expired, 'The auth request has expired or its session has ended.');
}

/** Names the token of no request that there is: it is a secret of the application's. */
function notAnswerable(
  authRequest: string,
  why: 'answered' | 'expired' | 'denial only' | undefined,
): LaunchKeyEngineError {
  if (why === 'denial only') {
    return new LaunchKeyEngineError(
      'ENGINE_DENIAL_ONLY',
      'A wrong number was picked for this auth request: it can only be denied.',
    );
  }
  if (why === 'answered') {
    return new LaunchKeyEngineError(
      'ENGINE_REQUEST_ANSWERED',
      'This auth request was answered already; the first answer counts.',
    );
  }
  if (why === 'expired') {
    return new LaunchKeyEngineError(
      'ENGINE_REQUEST_EXPIRED',
      'This auth request has expired: the application has to ask again.',
    );
  }
  return new LaunchKeyEngineError(
    'ENGINE_UNKNOWN_REQUEST',
    `There is no auth request ${JSON.stringify(authRequest)}; requests(username) lists the open ones.`,
  );
}
