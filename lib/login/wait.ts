import type { AuthPackageReading, LaunchKeyClient, PollAnswer } from '../client/client.js';
import type { PendingLogin, Store } from '../store/store.js';
import { recordAnswer } from './answer.js';
import type { Diagnostics } from './diagnostics.js';
import type { WaitSettings } from './poll-loop.js';
import { SharedWait, type WaitMembership } from './shared-wait.js';

/**
 * Waits for answers. However many requests wait for one login, the engine sees one poll at a time,
 * and the store decides whether poll or event came first.
 *
 * Lost connections, 5xx and "too many requests" are retried with backoff until the login expires;
 * if the engine is still away then, that error is the outcome. Every other error, above all bad
 * credentials, ends the wait at once. With `concealUsers`, all errors are retried, and a wait ends
 * with an answer or by the clock.
 */
export class LoginWaits {
  readonly store: Store;
  readonly diagnostics: Diagnostics;
  private readonly client: LaunchKeyClient;
  private readonly settings: WaitSettings;
  private readonly waits = new Map<string, SharedWait>();
  private readonly questions = new Map<string, Promise<void>>();

  constructor(
    client: LaunchKeyClient,
    store: Store,
    settings: WaitSettings,
    diagnostics: Diagnostics,
  ) {
    this.client = client;
    this.store = store;
    this.settings = settings;
    this.diagnostics = diagnostics;
  }

  /**
   * Joins the wait for a login, or starts it.
   *
   * @param onTrouble - called when the engine cannot be reached; the wait goes on.
   */
  join(login: PendingLogin, onTrouble: () => void = () => {}): WaitMembership {
    return (this.waits.get(login.handle) ?? this.startWait(login)).join(onTrouble);
  }

  private startWait(login: PendingLogin): SharedWait {
    const wait: SharedWait = new SharedWait({
      client: this.client,
      store: this.store,
      settings: this.settings,
      login,
      record: (answer) => this.record(login, answer),
      onEnd: () => {
        if (this.waits.get(login.handle) === wait) this.waits.delete(login.handle);
      },
    });
    this.waits.set(login.handle, wait);
    return wait;
  }

  /**
   * Asks the engine now whether there is an answer, and records it. Uses this process's poll for
   * the login if there is one. The engine does not know decoys, so it is not asked about them.
   *
   * @throws the client's error if the engine cannot be asked.
   */
  async ask(login: PendingLogin): Promise<void> {
    if (login.decoy) return;
    const { polls } = this.waits.get(login.handle) ?? {};
    if (polls) return polls.ask();
    let question = this.questions.get(login.handle);
    if (!question) {
      question = this.askOnce(login).finally(() => this.questions.delete(login.handle));
      this.questions.set(login.handle, question);
    }
    return question;
  }

  private async askOnce(login: PendingLogin): Promise<void> {
    const { answer } = await this.client.poll(login.authRequest, {});
    if (answer) await this.record(login, answer);
  }

  /** Records an answer. Resolves to `false` if `concealUsers` ignores it. */
  private async record(login: PendingLogin, answer: PollAnswer): Promise<boolean> {
    const reading = await this.client.readAnswer(login.authRequest, answer);
    if (this.settings.concealUsers && isExpiryNotice(reading)) return false;
    await recordAnswer(this, login, answer, reading);
    return true;
  }
}

/** Whether the device says that its user did not answer in time, by the device's own clock. */
function isExpiryNotice({ authorized, reason }: AuthPackageReading): boolean {
  return !authorized && reason === 'expired';
}
