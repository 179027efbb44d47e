import { randomUUID } from 'node:crypto';
import { breakLines } from '../crypto/base64.js';
import type { AppRecord } from '../data/ports/apps.js';
import type { DeliveryRecord } from '../data/ports/deliveries.js';
import type { AnswerRecord, RequestRecord } from '../data/ports/requests.js';
import type { Logger } from '../observability/logger.js';
import type { Signals } from './signals.js';
import type { Users } from './users.js';

/** How long an answer event is sent. Later no login waits for it. */
const ANSWER_LIFE_MS = 5 * 60_000;
/** How long a logout event is sent: a user may be logged in for a day. */
const LOGOUT_LIFE_MS = 24 * 3_600_000;

/** Makes the events for applications. Each is queued in the same step as the change that it reports. */
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

  /**
   * Starts the delivery of an event that was queued, `claimed` for this engine or not, and logs an event
   * that was not queued.
   */
  settle(event: DeliveryRecord | undefined, queued: boolean, claimed = false): void {
    if (!event) return;
    if (queued) {
      this.signals.eventQueued.publish(claimed ? event : undefined);
      return;
    }
    const { appKey, kind } = event;
    this.logger.warn({ appKey, kind }, 'event dropped: too many are waiting');
  }

  /** Returns `undefined` for an application without a callback URL. */
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
    return this.make(app, request.userId, 'answer', parameters, ANSWER_LIFE_MS);
  }

  /** Returns `undefined` for an application without a callback URL. */
  async loggedOut(app: AppRecord | undefined, userId: string): Promise<DeliveryRecord | undefined> {
    if (!app?.callbackUrl) return undefined;
    const userHash = await this.users.identity('hash', userId, app.appKey);
    return this.make(app, userId, 'logout', { user_hash: userHash }, LOGOUT_LIFE_MS);
  }

  private make(
    app: AppRecord,
    userId: string,
    kind: DeliveryRecord['kind'],
    parameters: Record<string, string>,
    lifeMs: number,
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
      giveUpAt: now + lifeMs,
    };
  }
}
