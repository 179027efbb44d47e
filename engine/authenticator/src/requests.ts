import { announce, byId, initial, make, showOnly } from './dom.js';
import {
  Cancelled,
  type Decision,
  type Outcome,
  type PendingRequest,
  type Phone,
  type UserState,
} from './phone.js';
import { t, when } from './texts/index.js';
import { visible } from './visible.js';

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
export class RequestCard<Request extends PendingRequest> {
  private readonly phone: Phone<Request>;
  private readonly card = byId('request');
  private readonly idle = byId('idle');
  private readonly done = byId('done');
  private readonly approve = byId<HTMLButtonElement>('approve');
  private readonly deny = byId<HTMLButtonElement>('deny');
  private readonly report = byId<HTMLButtonElement>('report');
  private readonly entry = byId<HTMLInputElement>('number-entry');
  private waiting: Request[] = [];
  private withdrawn = new Set<string>();
  private shown: Request | undefined;
  /** The engine's clock minus this browser's. */
  private offset = 0;
  private guarded = false;
  private sending = false;
  private settling = false;
  private guarding: number | undefined;
  private outcome: number | undefined;
  private readonly events = new AbortController();
  private readonly ticker: number;

  constructor(phone: Phone<Request>) {
    this.phone = phone;
    const { signal } = this.events;
    this.approve.addEventListener('click', () => void this.send({ approve: true }), { signal });
    this.deny.addEventListener('click', () => void this.send({ approve: false }), { signal });
    this.report.addEventListener(
      'click',
      () => void this.send({ approve: false, reason: 'fraudulent' }),
      { signal },
    );
    byId('number-choice').addEventListener('change', () => this.enable(), { signal });
    this.entry.addEventListener('input', () => this.readEntry(), { signal });
    byId('number-form').addEventListener(
      'submit',
      (event) => {
        event.preventDefault();
        if (!this.approve.disabled) void this.send({ approve: true });
      },
      { signal },
    );
    this.ticker = window.setInterval(() => this.tick(), 1000);
    showOnly(this.idle, [this.idle, this.done, this.card]);
  }

  update(state: UserState & { requests: Request[] }): void {
    this.offset = state.now - Date.now();
    this.waiting = state.requests;
    this.withdrawn = new Set(state.withdrawn.map(({ authRequest }) => authRequest));
    this.choose();
    this.enable();
  }

  /** Whether the engine can be reached: without it, that nothing is shown does not mean that nothing is. */
  connected(yes: boolean): void {
    byId('idle-title').textContent = yes ? t.idleTitle : t.lostTitle;
    byId('idle-text').textContent = yes ? t.idleText : t.lostText;
    this.idle.classList.toggle('lost', !yes);
  }

  /** What was approved before is over when its session is ended: no outcome may say otherwise. */
  clearOutcome(): void {
    if (this.done.hidden) return;
    window.clearTimeout(this.outcome);
    showOnly(this.idle, [this.idle, this.done, this.card]);
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
      if (shown && !this.sending) this.showGone(shown);
      if (!this.sending && !this.settling) this.show(alive[0]);
    }
    const behind = alive.length - 1;
    const queue = byId('queue');
    queue.hidden = behind < 1;
    queue.textContent = t.queue(behind);
    document.title = alive.length > 0 ? `(${alive.length}) Authenticator` : 'Authenticator';
  }

  private show(request: Request | undefined): void {
    this.shown = request;
    if (!request) {
      if (this.done.hidden) showOnly(this.idle, [this.idle, this.done, this.card]);
      return;
    }
    byId('request-initial').textContent = initial(request.app.name);
    byId('request-title').textContent = request.app.name;
    byId('request-kind').textContent = request.session ? t.kindLogin : t.kindConfirm;
    byId('request-context').textContent = visible(request.context ?? '');
    showBrowser(request);
    byId('request-error').textContent = '';
    this.showNumbers(request.numbers);
    this.showEntry(request.numberLength);
    showOnly(this.card, [this.idle, this.done, this.card]);
    this.restartAnimation();
    this.guard();
    this.tick();
    const texts = ['request-context', 'request-browser', 'request-known', 'request-time'].map(
      (id) => byId(id).textContent,
    );
    announce(
      [`${request.app.name} ${byId('request-kind').textContent}.`, ...texts].join(' ').trim(),
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

  private showEntry(length: number | undefined): void {
    byId('number-form').hidden = length === undefined;
    this.entry.value = '';
    byId('number-hint').textContent = length === undefined ? '' : t.numberDigits(length);
  }

  /** People paste and type a number with blanks in it, as pages show it. */
  private readEntry(): void {
    const digits = this.entry.value.replace(/\D/g, '').slice(0, this.shown?.numberLength);
    if (digits !== this.entry.value) this.entry.value = digits;
    this.enable();
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
    const undecided = this.shown !== undefined && this.lacksNumber(this.shown);
    const hindrance = this.shown && this.phone.hindrance(this.shown);
    const policy = byId('request-policy');
    policy.hidden = hindrance === undefined;
    policy.textContent = hindrance ?? '';
    this.approve.disabled = busy || undecided || hindrance !== undefined;
    this.deny.disabled = busy;
    this.report.disabled = busy;
    this.entry.disabled = this.sending || hindrance !== undefined;
  }

  private lacksNumber({ numbers, numberLength }: Request): boolean {
    if (numberLength !== undefined) return this.entry.value.length !== numberLength;
    return numbers !== undefined && this.number() === undefined;
  }

  private number(): string | undefined {
    if (this.shown?.numberLength !== undefined) return this.entry.value;
    return document.querySelector<HTMLInputElement>('input[name="number"]:checked')?.value;
  }

  private async send(given: Decision): Promise<void> {
    const { shown } = this;
    if (!shown || this.sending || this.guarded) return;
    // A button that is disabled loses the keyboard's focus.
    const pressed = this.focused();
    this.sending = true;
    this.enable();
    byId('request-error').textContent = '';
    try {
      const number = given.approve ? this.number() : undefined;
      const result = await this.phone.answer(shown, { ...given, number });
      this.forget(shown);
      this.showOutcome(result.approved, outcomeTexts(shown.app.name, result, given), pressed);
    } catch (error) {
      const said = error instanceof Cancelled ? '' : (error as Error).message;
      if (!this.closed) byId('request-error').textContent = said;
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

  private forget(request: Request): void {
    this.waiting = this.waiting.filter((one) => one.authRequest !== request.authRequest);
  }

  private showGone({ authRequest, app }: Request): void {
    const texts = this.withdrawn.has(authRequest)
      ? { title: t.withdrawnTitle, text: t.withdrawn(app.name) }
      : { title: t.goneTitle, text: t.gone(app.name) };
    this.showOutcome(false, texts);
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
    const total = shown.expiresAt - shown.createdAt;
    const time = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
    byId('time-left').textContent = t.timeLeft(time);
    byId<HTMLProgressElement>('time-bar').value = left / total;
    byId('time-bar').parentElement?.classList.toggle('short', seconds <= 30);
  }

  private left(request: Request): number {
    return request.expiresAt - (Date.now() + this.offset);
  }

  private restartAnimation(): void {
    this.card.classList.remove('arriving');
    void this.card.offsetWidth;
    this.card.classList.add('arriving');
  }
}

/** Says in which browser the login was started and when, and whether the application knows the browser. */
function showBrowser({ app, browser, createdAt }: PendingRequest): void {
  const { address, name, system, known } = browser ?? {};
  const program = name && system ? t.nameBrowser(name, system) : (name ?? system);
  const where = [program, address].filter((part) => part !== undefined).join(' · ');
  byId('request-browser').textContent = where;
  byId('request-known').textContent =
    known === undefined ? '' : known ? t.knownBrowser(app.name) : t.newBrowser(app.name);
  byId('request-time').textContent = t.askedAt(when(createdAt));
}

function outcomeTexts(
  app: string,
  result: Outcome,
  given: Decision,
): { title: string; text: string } {
  if (result.approved) return { title: t.approvedTitle, text: t.told(app) };
  if (result.reason === 'number') return { title: t.deniedTitle, text: t.wrongNumber(app) };
  if (result.reason === 'policy' && given.approve)
    return { title: t.deniedTitle, text: t.tooMuch(app) };
  return given.reason === 'fraudulent'
    ? { title: t.reportedTitle, text: t.reported(app) }
    : { title: t.deniedTitle, text: t.told(app) };
}
