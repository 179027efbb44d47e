import type { Diagnostics } from '../login/diagnostics.js';
import type { PendingLogin, Store } from '../store/store.js';
import { startTimer } from '../util/timers.js';

/** The time in which a browser that was redirected to the waiting page asks for it. */
const PAGE_REQUEST_TIMEOUT_MS = 30_000;

/**
 * Publishes a warning if browsers are redirected to a waiting page that the strategy does not
 * serve: once, and not if the login goes on by another page or in another process.
 */
export class WaitingWatch {
  private readonly store: Store;
  private readonly diagnostics: Diagnostics;
  private isSettled = false;

  constructor({ store, diagnostics }: { store: Store; diagnostics: Diagnostics }) {
    this.store = store;
    this.diagnostics = diagnostics;
  }

  /** Called for each request that reaches the waiting page. */
  served(): void {
    this.isSettled = true;
  }

  /** Expects a request for the waiting page of a login, whose browser is redirected to `waitUrl`. */
  expect({ handle }: PendingLogin, waitUrl: string): void {
    if (this.isSettled) return;
    startTimer(() => this.warn(handle, waitUrl).catch(() => {}), PAGE_REQUEST_TIMEOUT_MS);
  }

  private async warn(login: string, waitUrl: string): Promise<void> {
    const { state } = (await this.store.get(login)) ?? {};
    if (this.isSettled || state !== 'pending') return;
    this.isSettled = true;
    this.diagnostics.warning({
      code: 'unserved_wait_url',
      login,
      message: `A browser was redirected to ${waitUrl}, and no request for the waiting page came within ${PAGE_REQUEST_TIMEOUT_MS / 1000} seconds. Mount strategy.handler() or strategy.waiting() at waitUrl, behind the session. If a page of your own is there, ignore this.`,
    });
  }
}
