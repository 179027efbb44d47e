import type { LaunchKeyClient } from '../client/client.js';
import { startTimer } from '../util/timers.js';
import { isRetryable } from './engine-errors.js';

/** A report to the engine that no request waits for. */
export interface Report {
  authRequest: string;
  action: 'Authenticate' | 'Revoke';
  status: boolean;
}

/** The pauses before the attempts to deliver a report, in milliseconds. */
const ATTEMPT_PAUSES_MS = [1_000, 5_000, 30_000, 120_000, 600_000];
/** Further reports are dropped. */
const MAX_QUEUED_REPORTS = 1_000;

/** Tells the engine in the background, without keeping the process alive. */
export class BackgroundReports {
  private readonly client: LaunchKeyClient;
  private queued = 0;

  constructor(client: LaunchKeyClient) {
    this.client = client;
  }

  /**
   * Sends a report after a delay, and retries it a few times if it cannot be delivered.
   *
   * @param delayMs - milliseconds before the first attempt.
   */
  send({ authRequest, action, status }: Report, delayMs?: number): void {
    this.attempt(async () => {
      await this.client.report(authRequest, action, status);
    }, delayMs);
  }

  /**
   * Calls `tell` after a delay, and again a few times if it throws a retryable error.
   *
   * @param delayMs - milliseconds before the first attempt.
   */
  attempt(tell: () => Promise<void>, delayMs = ATTEMPT_PAUSES_MS[0] as number): void {
    this.schedule(tell, [delayMs, ...ATTEMPT_PAUSES_MS.slice(1)]);
  }

  private schedule(tell: () => Promise<void>, [pause, ...furtherPauses]: number[]): void {
    if (pause === undefined || this.queued >= MAX_QUEUED_REPORTS) return;
    this.queued++;
    startTimer(async () => {
      this.queued--;
      try {
        await tell();
      } catch (error) {
        if (isRetryable(error)) this.schedule(tell, furtherPauses);
      }
    }, pause);
  }
}
