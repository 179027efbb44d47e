import type { Data } from '../data/data.js';
import type { AppRecord } from '../data/ports/apps.js';
import type { SessionRecord } from '../data/ports/sessions.js';
import type { Audit } from './audit.js';
import type { Events } from './events.js';
import { ownRequest } from './own-request.js';
import { OwnReason, Refusal } from './refusal.js';
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
   * The application says what became of an answer (`Authenticate`), or that the local login is over
   * (`Revoke`). Said twice, it is true twice: both may be repeated after a lost response.
   */
  async report(
    app: AppRecord,
    authRequest: string,
    action: 'Authenticate' | 'Revoke',
    status: boolean,
  ): Promise<void> {
    const { data, signals, clock } = this.with;
    const request = await ownRequest(data, app, authRequest, clock());
    if (!request) {
      throw new Refusal(OwnReason.unknownAuthRequest, 'This auth request is not known.');
    }
    if ('past' in request) {
      // An approval that is over must not become a login; a login that is over may be ended again.
      const idle = action === 'Authenticate' ? !status : request.hadSession;
      if (!idle) throw notASession('It has ended or expired.');
      return;
    }
    if (!request.answer) throw notASession('The user has not answered it.');
    const { approved } = request.answer;
    if (action === 'Authenticate' && !status) {
      if (approved && request.session) await this.end(authRequest, request.userId);
      return;
    }
    if (!approved) throw notASession('The user denied it.');
    if (!request.session) {
      if (action === 'Authenticate') return;
      throw notASession('It was a transaction.');
    }
    if (action === 'Revoke') {
      if (status) await this.end(authRequest, request.userId);
      return;
    }
    if (!(await data.sessions.confirm(authRequest))) {
      throw notASession('The user has ended the session.');
    }
    signals.publish({ userId: request.userId });
  }

  /**
   * The user ends the sessions with one application or with all: they are over for every poll, and
   * each application is told once, by a signed event. `by` is the device that it was done on; none
   * means the operator. Returns the sessions that are being ended.
   */
  async deorbit(userId: string, appKey?: string, by?: string): Promise<SessionRecord[]> {
    const cleared: SessionRecord[] = [];
    const keys = appKey === undefined ? await this.apps(userId) : [appKey];
    for (const key of keys) cleared.push(...(await this.clear(userId, key, by)));
    if (cleared.length > 0) this.with.signals.publish({ userId });
    return cleared;
  }

  /** The applications that the user is logged in to, in the order in which they came. */
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

function notASession(why: string): Refusal {
  return new Refusal(
    OwnReason.notASession,
    `This auth request does not correlate to a session. ${why}`,
  );
}
