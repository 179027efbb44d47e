import { announce, byId, initial, make } from './dom.js';
import { endSessions, type SessionGroup, type UserState } from './engine.js';

/** Where the user is logged in, and the way to end it. */
export class SessionList {
  private readonly user: string;
  private readonly list = byId('sessions');
  private readonly endAll = byId<HTMLButtonElement>('end-all');
  private readonly events = new AbortController();
  private drawn = '';

  constructor(user: string) {
    this.user = user;
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
    // What had the keyboard's focus is drawn anew or gone.
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
    const logins = count === 1 ? '' : `${count} logins, the first `;
    what.append(
      make('strong', '', app.name),
      make('span', 'soft', `${logins}since ${when(since)}`),
    );
    item.append(picture, what, state === 'open' ? this.button(session) : ending());
    return item;
  }

  private button({ app }: SessionGroup): HTMLElement {
    const button = make('button', 'end', 'End session');
    button.type = 'button';
    button.setAttribute('aria-label', `End session at ${app.name}`);
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
      await endSessions(this.user, app?.appKey);
      announce(
        app ? `The session at ${app.name} is being ended.` : 'All sessions are being ended.',
      );
      byId('sessions-title').scrollIntoView({ block: 'nearest' });
    } catch (failure) {
      if (!this.events.signal.aborted) error.textContent = (failure as Error).message;
    }
  }
}

/** The application has been told and has not confirmed it yet. */
function ending(): HTMLElement {
  const badge = make('span', 'ending', 'Pending clear');
  badge.title = 'The application has been told and has not confirmed it yet.';
  return badge;
}

function when(iso: string): string {
  const date = new Date(iso);
  const today = date.toDateString() === new Date().toDateString();
  return new Intl.DateTimeFormat(document.documentElement.lang, {
    ...(!today && { dateStyle: 'medium' }),
    timeStyle: 'short',
  }).format(date);
}
