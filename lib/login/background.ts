import type { LaunchKeyClient } from '../client/client.js';
import { LaunchKeyError } from '../errors.js';

/** What the engine is told when nobody waits for it. */
export interface Report {
  authRequest: string;
  action: 'Authenticate' | 'Revoke';
  status: boolean;
}

/** Pauses before a report that could not be delivered is sent again, in milliseconds. */
const AGAIN = [1_000, 5_000, 30_000, 120_000, 600_000];
/** How many reports may wait; beyond it, they are lost. */
const MOST = 1_000;

/** Reports to the engine that are sent in the background. They do not keep the process alive. */
export class BackgroundReports {
  private readonly client: LaunchKeyClient;
  private waiting = 0;

  constructor(client: LaunchKeyClient) {
    this.client = client;
  }

  /**
   * Sends a report after a while, and a few times more if it cannot be delivered.
   *
   * @param pause - milliseconds before the first try.
   */
  send(report: Report, pause = AGAIN[0] as number): void {
    this.tryAfter(report, [pause, ...AGAIN.slice(1)]);
  }

  private tryAfter(report: Report, [pause, ...further]: number[]): void {
    if (pause === undefined || this.waiting >= MOST) return;
    this.waiting++;
    setTimeout(async () => {
      this.waiting--;
      if (!(await this.deliver(report))) this.tryAfter(report, further);
    }, pause).unref();
  }

  /** Resolves to `false` where it may be tried again. */
  private async deliver({ authRequest, action, status }: Report): Promise<boolean> {
    try {
      await this.client.report(authRequest, action, status);
      return true;
    } catch (error) {
      return !(error instanceof LaunchKeyError && error.retryable);
    }
  }
}
