import { announce, byId, initial, make, showOnly } from './dom.js';
import { type Answer, answer, type PendingRequest, type UserState } from './engine.js';

/** After a request appears, a thumb that was on its way to something else must not approve it. */
const GUARD = 600;
/** How long the outcome stays on the screen if nothing else comes. */
const OUTCOME = 4000;
/** How long it stays if the next request waits. */
const BRIEF_OUTCOME = 1000;

/**
 * One request at a time, the oldest first. What is shown stays until it is answered or over, however
 * many come meanwhile: they wait behind it and are counted.
 */
export class RequestCard {
  private readonly user: string;
  private readonly card = byId('request');
  private readonly idle = byId('idle');
  private readonly done = byId('done');
  private readonly approve = byId<HTMLButtonElement>('approve');
  private readonly deny = byId<HTMLButtonElement>('deny');
  private readonly report = byId<HTMLButtonElement>('report');
  private waiting: PendingRequest[] = [];
  private shown: PendingRequest | undefined;
  /** The engine's clock minus this browser's. */
  private offset = 0;
  private guarded = false;
  private sending = false;
  private settling = false;
  private guarding: number | undefined;
  private outcome: number | undefined;
  private readonly events = new AbortController();
  private readonly ticker: number;

  constructor(user: string) {
    this.user = user;
    const { signal } = this.events;
    this.approve.addEventListener('click', () => void this.send({ approve: true }), { signal });
    this.deny.addEventListener('click', () => void this.send({ approve: false }), { signal });
    this.report.addEventListener(
      'click',
      () => void this.send({ approve: false, reason: 'fraudulent' }),
      { signal },
    );
    byId('number-choice').addEventListener('change', () => this.enable(), { signal });
    this.ticker = window.setInterval(() => this.tick(), 1000);
    showOnly(this.idle, [this.idle, this.done, this.card]);
  }

  update(state: UserState): void {
    this.offset = Date.parse(state.now) - Date.now();
    this.waiting = state.requests;
    this.choose();
  }

  close(): void {
    this.events.abort();
    window.clearInterval(this.ticker);
    window.clearTimeout(this.guarding);
    window.clearTimeout(this.outcome);
  }

  /** The page may belong to another user by now. */
  private get closed(): boolean {
    return this.events.signal.aborted;
  }

  private choose(): void {
    if (this.closed) return;
    const alive = this.waiting.filter((request) => this.left(request) > 0);
    const { shown } = this;
    const stays = shown && alive.some((one) => one.authRequest === shown.authRequest);
    if (!stays) {
      if (shown && !this.sending) this.withdrawn(shown);
      if (!this.sending && !this.settling) this.show(alive[0]);
    }
    const behind = alive.length - 1;
    const queue = byId('queue');
    queue.hidden = behind < 1;
    queue.textContent =
      behind === 1 ? '1 more request is waiting.' : `${behind} more requests are waiting.`;
    document.title = alive.length > 0 ? `(${alive.length}) Authenticator` : 'Authenticator';
  }

  private show(request: PendingRequest | undefined): void {
    this.shown = request;
    if (!request) {
      if (this.done.hidden) showOnly(this.idle, [this.idle, this.done, this.card]);
      return;
    }
    byId('request-initial').textContent = initial(request.app.name);
    byId('request-title').textContent = request.app.name;
    byId('request-kind').textContent = request.session
      ? 'wants to log you in'
      : 'asks you to confirm';
    byId('request-context').textContent = request.context ?? '';
    byId('request-error').textContent = '';
    byId('request-policy').hidden = possessionSuffices(request);
    this.showNumbers(request.numbers);
    showOnly(this.card, [this.idle, this.done, this.card]);
    this.restartAnimation();
    this.guard();
    this.tick();
    announce(
      `${request.app.name} ${byId('request-kind').textContent}. ${request.context ?? ''}`.trim(),
    );
    byId('request-title').focus({ preventScroll: true });
  }

  private showNumbers(numbers: string[] | undefined): void {
    byId('numbers').hidden = !numbers;
    byId('number-choice').replaceChildren(
      ...(numbers ?? []).map((number) => {
        const label = make('label', '', number);
        const input = make('input', '');
        input.type = 'radio';
        input.name = 'number';
        input.value = number;
        label.prepend(input);
        return label;
      }),
    );
  }

  private guard(): void {
    this.guarded = true;
    this.enable();
    window.clearTimeout(this.guarding);
    this.guarding = window.setTimeout(() => {
      this.guarded = false;
      this.enable();
    }, GUARD);
  }

  private enable(): void {
    if (this.closed) return;
    const busy = this.guarded || this.sending;
    const undecided = this.shown?.numbers !== undefined && this.number() === undefined;
    this.approve.disabled = busy || undecided;
    this.deny.disabled = busy;
    this.report.disabled = busy;
  }

  private number(): string | undefined {
    return document.querySelector<HTMLInputElement>('input[name="number"]:checked')?.value;
  }

  private async send(given: Omit<Answer, 'authRequest' | 'number'>): Promise<void> {
    const { shown } = this;
    if (!shown || this.sending || this.guarded) return;
    // A button that is disabled loses the keyboard's focus.
    const pressed = this.focused();
    this.sending = true;
    this.enable();
    try {
      const number = given.approve ? this.number() : undefined;
      const result = await answer(this.user, { ...given, number, authRequest: shown.authRequest });
      this.forget(shown);
      this.showOutcome(result.approved, outcomeTexts(shown.app.name, result, given), pressed);
    } catch (error) {
      if (!this.closed) byId('request-error').textContent = (error as Error).message;
    } finally {
      this.sending = false;
      this.choose();
      this.enable();
      if (this.shown === shown) pressed?.focus();
    }
  }

  /** What has the keyboard's focus, if it is on the card. */
  private focused(): HTMLElement | undefined {
    const { activeElement } = document;
    const inside = activeElement instanceof HTMLElement && this.card.contains(activeElement);
    return inside ? activeElement : undefined;
  }

  private forget(request: PendingRequest): void {
    this.waiting = this.waiting.filter((one) => one.authRequest !== request.authRequest);
  }

  private withdrawn(request: PendingRequest): void {
    this.showOutcome(false, {
      title: 'No longer open',
      text: `The request of ${request.app.name} has expired or was answered elsewhere.`,
    });
  }

  private showOutcome(
    approved: boolean,
    { title, text }: { title: string; text: string },
    hadFocus = this.focused(),
  ): void {
    if (this.closed) return;
    this.done.classList.toggle('approved', approved);
    byId('done-title').textContent = title;
    byId('done-text').textContent = text;
    showOnly(this.done, [this.idle, this.done, this.card]);
    // What was pressed is gone, and must not take the keyboard's place on the page with it.
    if (hadFocus) byId('done-title').focus({ preventScroll: true });
    announce(`${title}. ${text}`);
    this.shown = undefined;
    this.settling = true;
    window.setTimeout(() => {
      this.settling = false;
      this.choose();
    }, BRIEF_OUTCOME);
    window.clearTimeout(this.outcome);
    this.outcome = window.setTimeout(() => {
      if (!this.done.hidden) showOnly(this.idle, [this.idle, this.done, this.card]);
    }, OUTCOME);
  }

  private tick(): void {
    const { shown } = this;
    if (!shown) return;
    const left = this.left(shown);
    if (left <= 0) {
      this.choose();
      return;
    }
    const seconds = Math.ceil(left / 1000);
    const total = Date.parse(shown.expiresAt) - Date.parse(shown.createdAt);
    const time = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
    byId('time-left').textContent = `${time} left`;
    byId<HTMLProgressElement>('time-bar').value = left / total;
    byId('time-bar').parentElement?.classList.toggle('short', seconds <= 30);
  }

  private left(request: PendingRequest): number {
    return Date.parse(request.expiresAt) - (Date.now() + this.offset);
  }

  private restartAnimation(): void {
    this.card.classList.remove('arriving');
    void this.card.offsetWidth;
    this.card.classList.add('arriving');
  }
}

/** What this device can prove: that it is there, and nothing more. */
function possessionSuffices({ policy }: PendingRequest): boolean {
  if (!policy) return true;
  const { all, knowledge, inherence, possession } = policy.minimumRequirements;
  const one = all <= 1 && possession <= 1 && knowledge === 0 && inherence === 0;
  return one && policy.locations.length === 0;
}

function outcomeTexts(
  app: string,
  result: { approved: boolean; reason?: string },
  given: Omit<Answer, 'authRequest' | 'number'>,
): { title: string; text: string } {
  if (result.approved) return { title: 'Approved', text: `${app} has been told.` };
  if (result.reason === 'number') {
    return { title: 'Denied', text: `That was not the number which ${app} shows. Log in again.` };
  }
  if (result.reason === 'policy') {
    return { title: 'Denied', text: `${app} asks for more than this device can prove.` };
  }
  return given.reason === 'fraudulent'
    ? { title: 'Denied and reported', text: `${app} has been told that it was not you.` }
    : { title: 'Denied', text: `${app} has been told.` };
}
