import type { Data } from '../data/data.js';
import type { DeviceRecord } from '../data/ports/devices.js';
import { EXPECT_LOGIN_MS } from '../data/retention.js';
import type { Audit } from './audit.js';
import type { Signals } from './signals.js';

export interface ExpectedLoginDependencies {
  data: Data;
  audit: Audit;
  signals: Signals;
  clock: () => number;
}

/**
 * "I am logging in now": a user says on the phone that a login in a new browser follows, so that strangers
 * who have used up the budget of unknown browsers cannot keep it out.
 */
export class ExpectedLogins {
  private readonly with: ExpectedLoginDependencies;

  constructor(dependencies: ExpectedLoginDependencies) {
    this.with = dependencies;
  }

  /** Lets one request of an unknown browser through outside the budget, and returns until when. */
  async expect({ id, userId }: DeviceRecord): Promise<{ loginExpectedUntil: number }> {
    const { data, audit, signals, clock } = this.with;
    const loginExpectedUntil = clock() + EXPECT_LOGIN_MS;
    const entry = audit.entry('login.expected', { userId, deviceId: id });
    await data.users.expectLogin(userId, loginExpectedUntil, entry);
    signals.publish({ userId });
    return { loginExpectedUntil };
  }
}
