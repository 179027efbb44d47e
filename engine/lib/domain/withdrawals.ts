import type { Data } from '../data/data.js';
import type { AppRecord } from '../data/ports/apps.js';
import type { DeviceRecord } from '../data/ports/devices.js';
import type { WithdrawnRequest } from '../data/ports/requests.js';
import { REPORT_WITHDRAWN_MS } from '../data/retention.js';
import type { Audit } from './audit.js';
import type { Fraud } from './fraud.js';
import { ownRequest } from './own-request.js';
import { invalid, type Refusal } from './refusals.js';
import type { Signals } from './signals.js';

/** Withdrawn requests that a device shows at most. */
export const MAX_SHOWN_WITHDRAWN = 20;

export interface WithdrawalDependencies {
  data: Data;
  audit: Audit;
  signals: Signals;
  fraud: Fraud;
  clock: () => number;
}

/**
 * Auth requests that their applications take back before the user answers, because the browser left or
 * its user cancelled. Devices show them for five minutes more: a stranger must not make a request
 * unreportable by withdrawing it.
 */
export class Withdrawals {
  private readonly with: WithdrawalDependencies;

  constructor(dependencies: WithdrawalDependencies) {
    this.with = dependencies;
  }

  /** Does nothing if the request was withdrawn before: a call whose response was lost is sent again. */
  async withdraw(
    app: AppRecord,
    authRequest: string,
  ): Promise<undefined | Refusal<'unknown_request' | 'not_a_session'>> {
    const { data, audit, signals, clock } = this.with;
    const request = ownRequest(await data.requests.get(authRequest), app, clock());
    if (!request) return { refused: 'unknown_request' };
    if ('past' in request) return request.withdrawn ? undefined : notASession('ended');
    const { userId, appKey } = request;
    const entry = audit.entry('request.withdrawn', { userId, appKey });
    const result = await data.requests.withdraw(authRequest, entry, clock());
    if (result === 'answered') return notASession('answered');
    if (result === 'expired' || result === undefined) return notASession('ended');
    if (result === 'withdrawn') return undefined;
    signals.publish({ authRequest });
    signals.publish({ userId });
    return undefined;
  }

  /** The user's withdrawn requests that can still be reported, oldest first. */
  async reportable(userId: string): Promise<WithdrawnRequest[]> {
    const withdrawn = await this.recent(userId);
    return withdrawn.filter(({ reported }) => !reported);
  }

  /**
   * The user reports a withdrawn request as fraud. Does nothing if it was reported before.
   *
   * @param requestId Names the HTTP request in the log.
   */
  async report(
    device: DeviceRecord,
    authRequest: unknown,
    requestId: string,
  ): Promise<undefined | Refusal<'invalid' | 'unknown_request'>> {
    if (typeof authRequest !== 'string') return invalid('authRequest', 'the token of a request');
    const { data, fraud, signals, clock } = this.with;
    const { userId } = device;
    const request = (await this.recent(userId)).find((one) => one.authRequest === authRequest);
    if (!request) return { refused: 'unknown_request' };
    const about = { userId, appKey: request.appKey, deviceId: device.id };
    const now = clock();
    const step = { now, since: now - REPORT_WITHDRAWN_MS, fraud: fraud.report(about) };
    const reported = await data.requests.reportWithdrawn(authRequest, userId, step);
    if (reported === undefined) return { refused: 'unknown_request' };
    if (reported === 'reported') return undefined;
    fraud.reported(about, reported, requestId);
    signals.publish({ userId });
    return undefined;
  }

  private async recent(userId: string): Promise<WithdrawnRequest[]> {
    const since = this.with.clock() - REPORT_WITHDRAWN_MS;
    return await this.with.data.requests.listWithdrawn(userId, since, MAX_SHOWN_WITHDRAWN);
  }
}

/** When devices stop showing a withdrawn request. */
export function reportableUntil({ withdrawnAt }: WithdrawnRequest): number {
  return withdrawnAt + REPORT_WITHDRAWN_MS;
}

function notASession(why: Refusal<'not_a_session'>['why']): Refusal<'not_a_session'> {
  return { refused: 'not_a_session', why };
}
