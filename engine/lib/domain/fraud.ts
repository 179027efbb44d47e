import type { Data } from '../data/data.js';
import type { FraudRecord, FraudReport } from '../data/ports/fraud.js';
import type { Logger } from '../observability/logger.js';
import type { Metrics } from '../observability/metrics.js';
import type { Audit, AuditSubject } from './audit.js';
import type { Signals } from './signals.js';

const MINUTE = 60_000;
/** Longer with each report: who pushes requests at somebody must not wear them down. */
const PAUSES_MS: readonly number[] = [5, 15, 60, 240, 1440].map((minutes) => minutes * MINUTE);
/** The count of reports restarts after a day without one. */
const RESET_AFTER_MS = 24 * 60 * MINUTE;

export interface FraudDependencies {
  data: Data;
  audit: Audit;
  signals: Signals;
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

  /** What goes into the step that records the denial: no report is lost without its denial. */
  report(about: AuditSubject): FraudReport {
    return {
      pausesMs: PAUSES_MS,
      resetAfterMs: RESET_AFTER_MS,
      audit: this.with.audit.entry('fraud.reported', about),
    };
  }

  /** Tells the operator of a report that has been recorded. */
  reported(about: AuditSubject, { reports, pausedUntil }: FraudRecord): void {
    this.with.metrics.fraudReport();
    this.with.logger.warn({ ...about, reports, pausedUntil }, 'a user reported fraud');
  }

  /** Until when nobody can ask the user; `undefined` if everybody can. */
  async pausedUntil(userId: string): Promise<number | undefined> {
    return this.pauseOf(await this.with.data.fraud.get(userId));
  }

  /** Until when these reports pause requests; `undefined` if they do not now. */
  pauseOf(fraud: FraudRecord | undefined): number | undefined {
    return fraud && fraud.pausedUntil > this.with.clock() ? fraud.pausedUntil : undefined;
  }

  /** The user, on a device, or the operator ends the pause. */
  async endPause(userId: string, deviceId?: string): Promise<void> {
    const { data, audit, signals, clock } = this.with;
    if ((await this.pausedUntil(userId)) === undefined) return;
    await data.fraud.endPause(userId, clock());
    await audit.write('fraud.pause_ended', { userId, deviceId });
    signals.publish({ userId });
  }
}
