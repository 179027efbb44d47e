import type { Data } from '../data/data.js';
import type { FraudRecord, FraudReport } from '../data/ports/fraud.js';
import type { RequestRecord } from '../data/ports/requests.js';
import type { Logger } from '../observability/logger.js';
import type { Metrics } from '../observability/metrics.js';
import type { Audit, AuditSubject } from './audit.js';
import { isShared } from './budget.js';
import type { Signals } from './signals.js';

const MINUTE_MS = 60_000;
/** The pause after the first report, the second, and so on. An attacker cannot wear the user down. */
const PAUSES_MS: readonly number[] = [5, 15, 60, 240, 1440].map((minutes) => minutes * MINUTE_MS);
/** The count of reports restarts after a day without one. */
const RESET_AFTER_MS = 24 * 60 * MINUTE_MS;

export interface FraudDependencies {
  data: Data;
  audit: Audit;
  signals: Signals;
  metrics: Metrics;
  logger: Logger;
  clock: () => number;
}

/**
 * Pauses requests to users who report one as fraud, and tells the operator. The pause is one of unknown
 * browsers and of the reported one: the user's other browsers stay of use.
 */
export class Fraud {
  private readonly with: FraudDependencies;

  constructor(dependencies: FraudDependencies) {
    this.with = dependencies;
  }

  /** Makes the report, which is recorded in the same step as its denial. */
  report(about: AuditSubject): FraudReport {
    return {
      pausesMs: PAUSES_MS,
      resetAfterMs: RESET_AFTER_MS,
      audit: this.with.audit.entry('fraud.reported', about),
    };
  }

  /**
   * Tells the operator of a recorded report.
   *
   * @param requestId Names the HTTP request in the log.
   */
  reported(about: AuditSubject, { reports, pausedUntil }: FraudRecord, requestId: string): void {
    this.with.metrics.fraudReport();
    this.with.logger.warn({ requestId, ...about, reports, pausedUntil }, 'user reported fraud');
  }

  /** Returns until when requests to the user are paused, or `undefined`. */
  async pausedUntil(userId: string): Promise<number | undefined> {
    return this.pauseOf(await this.with.data.fraud.get(userId));
  }

  /** Until when these reports pause requests; `undefined` if they do not now. */
  pauseOf(fraud: FraudRecord | undefined): number | undefined {
    return fraud && fraud.pausedUntil > this.with.clock() ? fraud.pausedUntil : undefined;
  }

  /** Whether the reports of its user pause this request. */
  async pauses(request: RequestRecord): Promise<boolean> {
    const fraud = await this.with.data.fraud.get(request.userId);
    return this.pauseOfRequest(fraud, request) !== undefined;
  }

  /** Until when these reports pause this request; `undefined` if they do not now. */
  pauseOfRequest(
    fraud: FraudRecord | undefined,
    { userId, rateKey }: Pick<RequestRecord, 'userId' | 'rateKey'>,
  ): number | undefined {
    const until = this.pauseOf(fraud);
    if (isShared(rateKey, userId)) return until;
    return fraud?.pausedKeys.includes(rateKey as string) ? until : undefined;
  }

  /** Ends the pause. `deviceId` is the device of the user; without it, the operator ends it. */
  async endPause(userId: string, deviceId?: string): Promise<void> {
    const { data, audit, signals, clock } = this.with;
    if ((await this.pausedUntil(userId)) === undefined) return;
    await data.fraud.endPause(userId, clock());
    await audit.write('fraud.pause_ended', { userId, deviceId });
    signals.publish({ userId });
  }
}
