import type { Data } from '../data/data.js';
import type { AppRecord } from '../data/ports/apps.js';
import type { SessionRecord } from '../data/ports/sessions.js';
import type { Audit } from './audit.js';
import type { Events } from './events.js';
import { ownRequest } from './own-request.js';
import type { Refusal } from './refusals.js';
import type { Signals } from './signals.js';

export interface SessionDependencies {
  data: Data;
  signals: Signals;
  events: Events;
  audit: Audit;
  clock: () => number;
}

/** LaunchKey sessions: opened by an approval, ended by the application or on the device. */
export class Sessions {
  private readonly with: SessionDependencies;

  constructor(dependencies: SessionDependencies) {
    this.with = dependencies;
  }

  async list(userId: string): Promise<SessionRecord[]> {
    return await this.with.data.sessions.list(userId);
  }

  /**
   * Records what the application reports: with `Authenticate` how it evaluated an answer, with `Revoke`
   * that the local login has ended. Both can be repeated after a lost response. Returns the refusal,
   * if any.
   */
  async report(
    app: AppRecord,
    authRequest: string,
    action: 'Authenticate' | 'Revoke',
    status: boolean,
  ): Promise<Refusal<'unknown_request' | 'not_a_session'> | undefined> {
    const { data, signals, clock } = this.with;
    if (action === 'Authenticate' && status) {
      const userId = await data.sessions.confirm(authRequest, app.appKey);
      if (userId !== undefined) {
        signals.publish({ userId });
        return undefined;
      }
    }
    const request = ownRequest(await data.requests.get(authRequest), app, clock());
    if (!request) return { refused: 'unknown_request' };
    if ('past' in request) {
      // An approval that has ended must not become a login. A login that has ended can end again.
      const changesNothing = action === 'Authenticate' ? !status : request.hadSession;
      return changesNothing ? undefined : notASession('ended');
    }
    if (!request.answer) return notASession('unanswered');
    const { approved } = request.answer;
    if (action === 'Authenticate' && !status) {
      if (approved && request.session) await this.end(authRequest, request.userId);
      return undefined;
    }
    if (!approved) return notASession('denied');
    if (!request.session) {
      return action === 'Authenticate' ? undefined : notASession('transaction');
    }
    if (action === 'Revoke') {
      if (status) await this.end(authRequest, request.userId);
      return undefined;
    }
    return notASession('ended_by_user');
  }

  /**
   * Ends the user's sessions with one application or with all: every poll reports them as ended, and
   * each application receives one signed event. `by` is the device of the user; without it, the
   * operator ends them. Returns the sessions concerned.
   */
  async deorbit(userId: string, appKey?: string, by?: string): Promise<SessionRecord[]> {
    const cleared: SessionRecord[] = [];
    const keys = appKey === undefined ? await this.apps(userId) : [appKey];
    for (const key of keys) cleared.push(...(await this.clear(userId, key, by)));
    if (cleared.length > 0) this.with.signals.publish({ userId });
    return cleared;
  }

  /** The applications that the user has sessions with, in the order of the logins. */
  private async apps(userId: string): Promise<Set<string>> {
    const sessions = await this.with.data.sessions.list(userId);
    return new Set(sessions.map((session) => session.appKey));
  }

  private async clear(userId: string, appKey: string, by?: string): Promise<SessionRecord[]> {
    const { data, signals, events, audit } = this.with;
    const event = await events.loggedOut(await data.apps.get(appKey), userId);
    const about = { userId, appKey, deviceId: by };
    const entry = audit.entry('sessions.ended', about, { by: by ?? 'operator' });
    const cleared = await data.sessions.clear(userId, appKey, entry, event);
    for (const { authRequest } of cleared) signals.publish({ authRequest });
    if (cleared.length > 0) events.settle(event, true);
    return cleared;
  }

  private async end(authRequest: string, userId: string): Promise<void> {
    const { data, signals, clock } = this.with;
    await data.sessions.end(authRequest, clock());
    signals.publish({ authRequest });
    signals.publish({ userId });
  }
}

function notASession(why: Refusal<'not_a_session'>['why']): Refusal<'not_a_session'> {
  return { refused: 'not_a_session', why };
}
