import { randomUUID } from 'node:crypto';
import type { AnswerRecord, AppRecord, DeliveryRecord, RequestRecord } from '../data/records.js';
import type { Repository } from '../data/repository.js';
import type { Logger } from '../logger.js';
import type { Users } from './users.js';

/** For how long an answer is worth delivering: afterwards no login waits for it any more. */
const ANSWER_LIFE = 5 * 60_000;
/** A logout matters for as long as somebody may still be logged in. */
const LOGOUT_LIFE = 24 * 3_600_000;

/** Puts what applications should hear of into the queue. */
export class Events {
  private readonly repository: Repository;
  private readonly users: Users;
  private readonly clock: () => number;
  private readonly logger: Logger;
  private readonly limit: number;
  /** Called when there is something to send at once. */
  onQueued: () => void = () => {};

  constructor(
    repository: Repository,
    users: Users,
    clock: () => number,
    logger: Logger,
    limit: number,
  ) {
    this.repository = repository;
    this.users = users;
    this.clock = clock;
    this.logger = logger;
    this.limit = limit;
  }

  async answered(app: AppRecord, request: RequestRecord, answer: AnswerRecord): Promise<void> {
    const parameters: Record<string, string> = {
      auth: answer.auth,
      auth_request: request.authRequest,
      user_hash: answer.userHash,
    };
    if (answer.organizationUser !== undefined) {
      parameters.organization_user = answer.organizationUser;
    }
    if (answer.userPushId !== undefined) parameters.user_push_id = answer.userPushId;
    await this.queue(app, request.userId, 'answer', parameters, ANSWER_LIFE);
  }

  async loggedOut(app: AppRecord, userId: string): Promise<void> {
    const userHash = await this.users.identity('hash', userId, app.appKey);
    await this.queue(app, userId, 'logout', { user_hash: userHash }, LOGOUT_LIFE);
  }

  private async queue(
    app: AppRecord,
    userId: string,
    kind: DeliveryRecord['kind'],
    parameters: Record<string, string>,
    life: number,
  ): Promise<void> {
    const now = this.clock();
    const delivery: DeliveryRecord = {
      id: randomUUID(),
      kind,
      appKey: app.appKey,
      userId,
      callbackUrl: app.callbackUrl ?? '',
      parameters,
      eventTime: now,
      createdAt: now,
      attempts: 0,
      nextAttemptAt: now,
      giveUpAt: now + life,
    };
    if (await this.repository.insertDelivery(delivery, this.limit)) this.onQueued();
    else this.logger.warn({ appKey: app.appKey, kind }, 'event dropped: too many are waiting');
  }
}
