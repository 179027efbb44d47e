import { announce, byId } from '../dom.js';
import { t, when } from '../texts/index.js';
import type { DeviceClient, DeviceState } from './client.js';

/** "I am logging in now": lets the request of a browser that is new through, whatever strangers ask for. */
export class ExpectedLogin {
  private readonly client: DeviceClient;
  private readonly area = byId('expect');
  private readonly button = byId<HTMLButtonElement>('expect-button');
  private readonly events = new AbortController();
  private readonly ticker: number;
  private until = 0;

  constructor(client: DeviceClient) {
    this.client = client;
    this.button.addEventListener('click', () => void this.expect(), {
      signal: this.events.signal,
    });
    this.ticker = window.setInterval(() => this.show(), 1000);
    byId('expect-error').textContent = '';
  }

  update({ loginExpectedUntil, pausedUntil }: DeviceState): void {
    this.until = loginExpectedUntil ?? 0;
    // A pause after a report of fraud is ended by another button.
    this.area.hidden = pausedUntil !== null;
    this.show();
  }

  close(): void {
    this.events.abort();
    window.clearInterval(this.ticker);
    this.area.hidden = true;
  }

  private show(): void {
    const expected = this.until > this.client.now();
    const text = expected ? t.expectedUntil(when(this.until)) : t.expectText;
    const line = byId('expect-text');
    if (line.textContent !== text) line.textContent = text;
    this.area.classList.toggle('expected', expected);
    this.button.hidden = expected;
  }

  private async expect(): Promise<void> {
    const error = byId('expect-error');
    this.button.disabled = true;
    error.textContent = '';
    try {
      const { loginExpectedUntil } = await this.client.post<{ loginExpectedUntil: number }>(
        'expect',
      );
      this.until = loginExpectedUntil;
      this.show();
      // The button that was pressed is gone, and with it the keyboard's focus.
      byId('expect-text').focus({ preventScroll: true });
      announce(byId('expect-text').textContent ?? '');
    } catch (failure) {
      error.textContent = (failure as Error).message;
    } finally {
      this.button.disabled = false;
    }
  }
}
