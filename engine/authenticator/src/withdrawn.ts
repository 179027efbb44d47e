import { announce, byId, make } from './dom.js';
import type { Phone, UserState, WithdrawnRequest } from './phone.js';
import { t } from './texts/index.js';

/** The requests that were cancelled in the browser, each with a button that reports it as fraud. */
export class WithdrawnList {
  private readonly phone: Phone;
  private readonly list = byId('withdrawn');
  private requests: WithdrawnRequest[] = [];
  /** The engine's clock minus this browser's. */
  private offset = 0;
  private readonly ticker: number;
  private closed = false;

  constructor(phone: Phone) {
    this.phone = phone;
    this.ticker = window.setInterval(() => this.removeOld(), 1000);
  }

  update({ now, withdrawn }: UserState): void {
    this.offset = now - Date.now();
    this.requests = withdrawn;
    this.show();
  }

  close(): void {
    this.closed = true;
    window.clearInterval(this.ticker);
    this.list.replaceChildren();
  }

  private removeOld(): void {
    const alive = this.requests.filter((request) => this.canReport(request));
    if (alive.length === this.list.childElementCount) return;
    this.requests = alive;
    this.show();
  }

  private canReport({ reportUntil }: WithdrawnRequest): boolean {
    return reportUntil !== undefined && reportUntil > Date.now() + this.offset;
  }

  private show(): void {
    if (this.closed) return;
    const shown = this.phone.report ? this.requests.filter((one) => this.canReport(one)) : [];
    const known = new Map([...this.list.children].map((item) => [item.id, item]));
    this.list.replaceChildren(
      ...shown.map((request) => known.get(itemId(request)) ?? this.item(request)),
    );
  }

  private item(request: WithdrawnRequest): HTMLElement {
    const item = make('li', '');
    item.id = itemId(request);
    const button = make('button', 'quiet', t.report);
    button.type = 'button';
    button.setAttribute('aria-label', t.reportWithdrawn(request.app.name));
    const error = make('p', 'error');
    error.setAttribute('role', 'alert');
    button.addEventListener('click', () => void this.report(request, button, error));
    item.append(make('p', '', t.withdrawnItem(request.app.name)), button, error);
    return item;
  }

  private async report(
    request: WithdrawnRequest,
    button: HTMLButtonElement,
    error: HTMLElement,
  ): Promise<void> {
    button.disabled = true;
    error.textContent = '';
    try {
      await this.phone.report?.(request);
      if (this.closed) return;
      this.requests = this.requests.filter((one) => one !== request);
      this.show();
      announce(t.withdrawnReported);
    } catch (failure) {
      button.disabled = false;
      error.textContent = (failure as Error).message;
    }
  }
}

function itemId({ authRequest }: WithdrawnRequest): string {
  return `withdrawn-${authRequest}`;
}
