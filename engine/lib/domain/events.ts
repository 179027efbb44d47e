import { randomUUID } from 'node:crypto';
import { breakLines } from '../crypto/base64.js';
import type { AppRecord } from '../data/ports/apps.js';
import type { DeliveryRecord } from '../data/ports/deliveries.js';
import type { AnswerRecord, RequestRecord } from '../data/ports/requests.js';
import type { Logger } from '../observability/logger.js';
import type { Signals } from './signals.js';
import type { Users } from './users.js';

/** For how long an answer is worth delivering: afterwards no login waits for it any more. */
const ANSWER_LIFE = 5 * 60_000;
/** A logout matters for as long as somebody may still be logged in. */
const LOGOUT_LIFE = 24 * 3_600_000;

/** Makes the events that tell applications; they are queued in the step that they report. */
export class Events {
  private readonly users: Users;
  private readonly signals: Signals;
  private readonly clock: () => number;
  private readonly logger: Logger;

  constructor(users: Users, signals: Signals, clock: () => number, logger: Logger) {
    this.users = users;
    this.signals = signals;
    this.clock = clock;
    this.logger = logger;
  }

  /** Has what was queued sent, and reports what was not. */
  settle(event: DeliveryRecord | undefined, queued: boolean): void {
    if (queued) {
      if (event) this.signals.eventQueued.publish();
      return;
    }
    const details = { appKey: event?.appKey, kind: event?.kind };
    this.logger.warn(details, 'event dropped: too many are waiting');
  }

  /** `undefined` for an application that is told nothing. */
  answered(
    app: AppRecord,
    request: RequestRecord,
    answer: AnswerRecord,
  ): DeliveryRecord | undefined {
    const parameters: Record<string, string> = {
      auth: breakLines(answer.auth),
      auth_request: request.authRequest,
      user_hash: answer.userHash,
    };
    if (answer.organizationUser !== undefined) {
      parameters.organization_user = answer.organizationUser;
    }
    if (answer.userPushId !== undefined) parameters.user_push_id = answer.userPushId;
    return this.make(app, request.userId, 'answer', parameters, ANSWER_LIFE);
  }

  /** `undefined` for an application that is told nothing. */
  async loggedOut(app: AppRecord | undefined, userId: string): Promise<DeliveryRecord | undefined> {
    if (!app?.callbackUrl) return undefined;
    const userHash = await this.users.identity('hash', userId, app.appKey);
    return this.make(app, userId, 'logout', { user_hash: userHash }, LOGOUT_LIFE);
  }

  private make(
    app: AppRecord,
    userId: string,
    kind: DeliveryRecord['kind'],
    parameters: Record<string, string>,
    life: number,
  ): DeliveryRecord | undefined {
    if (!app.callbackUrl) return undefined;
    const now = this.clock();
    return {
      id: randomUUID(),
      kind,
      appKey: app.appKey,
      userId,
      callbackUrl: app.callbackUrl,
      parameters,
      eventTime: now,
      createdAt: now,
      attempts: 0,
      nextAttemptAt: now,
      giveUpAt: now + life,
    };
  }
}
