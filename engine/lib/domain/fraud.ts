import type { Repository } from '../data/repository.js';
import type { Logger } from '../logger.js';
import type { Metrics } from '../metrics.js';
import type { Audit } from './audit.js';
import type { Changes } from './changes.js';

const MINUTE = 60_000;
/** Longer with each report: who pushes requests at somebody must not wear them down. */
const PAUSES: readonly number[] = [5, 15, 60, 240, 1440].map((minutes) => minutes * MINUTE);
/** A day without a report begins anew. */
const MEMORY = 24 * 60 * MINUTE;

export interface FraudDependencies {
  repository: Repository;
  audit: Audit;
  changes: Changes;
  metrics: Metrics;
  logger: Logger;
  clock: () => number;
}

/** Pauses the requests to users who have reported one that was not theirs, and tells the operator. */
export class Fraud {
  private readonly with: FraudDependencies;

  constructor(dependencies: FraudDependencies) {
    this.with = dependencies;
  }

  async report(userId: string, appKey: string, deviceId: string): Promise<void> {
    const { repository, audit, changes, metrics, logger, clock } = this.with;
    const { reports, pausedUntil } = await repository.reportFraud(userId, clock(), PAUSES, MEMORY);
    metrics.fraudReport();
    logger.warn({ userId, appKey, deviceId, reports, pausedUntil }, 'a user reported fraud');
    await audit.write('fraud.reported', { userId, appKey, deviceId }, { reports, pausedUntil });
    changes.notify(userId);
  }

  /** Until when nobody can ask the user; `undefined` if everybody can. */
  async pausedUntil(userId: string): Promise<number | undefined> {
    const fraud = await this.with.repository.fraud(userId);
    return fraud && fraud.pausedUntil > this.with.clock() ? fraud.pausedUntil : undefined;
  }

  /** The user, on a device, or the operator ends the pause. */
  async endPause(userId: string, deviceId?: string): Promise<void> {
    const { repository, audit, changes, clock } = this.with;
    if ((await this.pausedUntil(userId)) === undefined) return;
    await repository.endPause(userId, clock());
    await audit.write('fraud.pause_ended', { userId, deviceId });
    changes.notify(userId);
  }
}
