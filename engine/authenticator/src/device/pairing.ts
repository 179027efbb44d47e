import { byId } from '../dom.js';
import { t } from '../texts/index.js';
import { DeviceClient, pair } from './client.js';
import { guessName } from './device-name.js';
import { type Pairing, savePairing } from './store.js';

/** The form that pairs this browser, by a typed code or by the secret of a link. */
export class PairingForm {
  private readonly paired: (pairing: Pairing) => void;
  private readonly code = byId<HTMLInputElement>('pair-code');
  private readonly name = byId<HTMLInputElement>('pair-name');
  private readonly button = byId<HTMLButtonElement>('pair-button');
  private readonly error = byId('pair-error');
  private link: string | undefined;
  private before: Pairing | undefined;

  constructor(paired: (pairing: Pairing) => void) {
    this.paired = paired;
    byId('pair-form').addEventListener('submit', (event) => {
      event.preventDefault();
      void this.send();
    });
    byId('pair-back').addEventListener('click', () => {
      if (this.before) this.paired(this.before);
    });
  }

  /** Asks for a code, unless a link has brought its own; `before` is what is paired already. */
  show(given: { link?: string; before?: Pairing; message?: string } = {}): void {
    this.link = given.link;
    this.before = given.before;
    byId('pair-text').textContent = given.link ? t.pairByLink : t.pairText;
    byId('pair-code-entry').hidden = given.link !== undefined;
    const again = byId('pair-again');
    again.hidden = !given.before;
    again.textContent = given.before ? t.pairAgain(given.before.username) : '';
    byId('pair-back').hidden = !given.before;
    this.error.textContent = given.message ?? '';
    this.code.value = '';
    if (!this.name.value) this.name.value = guessName(navigator.userAgent);
    (given.link ? this.name : this.code).focus({ preventScroll: true });
  }

  private async send(): Promise<void> {
    if (this.button.disabled) return;
    this.error.textContent = '';
    const code = this.link ?? this.code.value.trim();
    const name = this.name.value.trim();
    for (const [field, value] of [
      [this.code, code],
      [this.name, name],
    ] as const) {
      field.setAttribute('aria-invalid', String(!value));
      if (!value) return this.fail(t.fillIn, field);
    }
    this.button.disabled = true;
    this.button.textContent = t.pairing;
    try {
      const pairing = await pair(code, name);
      await savePairing(pairing);
      if (this.before) letGo(this.before);
      this.paired(pairing);
    } catch (failure) {
      // A link works once, and what is typed in its place is a code.
      if (this.link) this.show({ before: this.before });
      this.fail((failure as Error).message, this.code);
    } finally {
      this.button.disabled = false;
      this.button.textContent = t.pair;
    }
  }

  private fail(message: string, field: HTMLInputElement): void {
    this.error.textContent = message;
    field.focus();
  }
}

/** Unpairs what this browser was before. If that fails, the user still sees it among the devices. */
function letGo(before: Pairing): void {
  const { deviceId } = before;
  new DeviceClient(before).post('devices/unpair', { deviceId }).catch(() => {});
}
