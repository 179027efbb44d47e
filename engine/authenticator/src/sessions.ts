import { announce, byId, initial, make } from './dom.js';
import type { Phone, SessionGroup, UserState } from './phone.js';
import { t, when } from './texts/index.js';

/** Where the user is logged in, and the way to end it. */
export class SessionList {
  private readonly phone: Pick<Phone, 'endSessions'>;
  private readonly list = byId('sessions');
  private readonly endAll = byId<HTMLButtonElement>('end-all');
  private readonly events = new AbortController();
  private readonly onEnd: () => void;
  private drawn = '';

  constructor(phone: Pick<Phone, 'endSessions'>, onEnd: () => void) {
    this.phone = phone;
    this.onEnd = onEnd;
    const { signal } = this.events;
    this.endAll.addEventListener('click', () => void this.end(), { signal });
  }

  update({ sessions }: UserState): void {
    // Drawing the same again would take the keyboard's focus away.
    const next = JSON.stringify(sessions);
    if (next === this.drawn) return;
    this.drawn = next;
    const hadFocus =
      this.list.contains(document.activeElement) || document.activeElement === this.endAll;
    this.list.replaceChildren(...sessions.map((session) => this.item(session)));
    byId('no-sessions').hidden = sessions.length > 0;
    this.endAll.hidden = !sessions.some((session) => session.state === 'open');
    // The element that had the keyboard's focus is redrawn or removed.
    if (hadFocus) byId('sessions-title').focus({ preventScroll: true });
  }

  close(): void {
    this.events.abort();
  }

  private item(session: SessionGroup): HTMLElement {
    const { app, count, since, state } = session;
    const item = make('li', '');
    const picture = make('span', 'initial', initial(app.name));
    picture.setAttribute('aria-hidden', 'true');
    const what = make('div', 'what');
    const open = count === 1 ? t.since(when(since)) : t.loginsSince(count, when(since));
    what.append(make('strong', '', app.name), make('span', 'soft', open));
    item.append(picture, what, state === 'open' ? this.button(session) : ending());
    return item;
  }

  private button({ app }: SessionGroup): HTMLElement {
    const button = make('button', 'end', t.endSession);
    button.type = 'button';
    button.setAttribute('aria-label', t.endSessionAt(app.name));
    button.addEventListener('click', async () => {
      button.disabled = true;
      // It loses the keyboard's focus now, and will be gone in a moment.
      byId('sessions-title').focus({ preventScroll: true });
      await this.end(app);
      button.disabled = false;
    });
    return button;
  }

  private async end(app?: { name: string; appKey: string }): Promise<void> {
    const error = byId('sessions-error');
    error.textContent = '';
    try {
      await this.phone.endSessions(app?.appKey);
      if (!this.events.signal.aborted) this.onEnd();
      announce(app ? t.sessionEnding(app.name) : t.allEnding);
      byId('sessions-title').scrollIntoView({ block: 'nearest' });
    } catch (failure) {
      if (!this.events.signal.aborted) error.textContent = (failure as Error).message;
    }
  }
}

/** The application has been told and has not confirmed it yet. */
function ending(): HTMLElement {
  const badge = make('span', 'ending', t.ending);
  badge.title = t.endingTitle;
  return badge;
}
