import { ask } from '../dialog.js';
import { byId } from '../dom.js';
import { Cancelled, Unproven } from '../phone.js';
import { t } from '../texts/index.js';
import { sha256, utf8 } from './bytes.js';
import type { DeviceClient, DeviceRequest, DeviceState, OwnDevice } from './client.js';
import { Refusal } from './client.js';
import { sign } from './keys.js';
import { type LocationProof, prove } from './location.js';
import { needsOf } from './needs.js';
import { changePin, makePinKey, unlock } from './pin.js';
import { loadPairing, type Pairing, updatePairing } from './store.js';
import { assert, type CreationOptions, register, webauthnWorks } from './webauthn.js';

export interface Proofs {
  knowledge?: string;
  webauthn?: object;
  location?: LocationProof;
}

/** What the user can prove besides having this device: setting it up, and asking for it. */
export class Factors {
  private readonly client: DeviceClient;
  private readonly pinButton = byId<HTMLButtonElement>('pin-button');
  private readonly biometricButton = byId<HTMLButtonElement>('biometric-button');
  private readonly events = new AbortController();
  private device: OwnDevice | undefined;
  private hasPin: boolean;

  constructor(client: DeviceClient, { pin }: Pairing) {
    this.client = client;
    this.hasPin = pin !== undefined;
    const { signal } = this.events;
    this.pinButton.addEventListener('click', () => void this.choosePin(), { signal });
    this.biometricButton.addEventListener('click', () => void this.setUpWebauthn(), { signal });
  }

  update({ device }: DeviceState): void {
    this.device = device;
    this.draw();
  }

  close(): void {
    this.events.abort();
  }

  /** Why this device cannot prove what the request's policy asks for, as things are. */
  lack({ app, policy }: DeviceRequest): string | undefined {
    const needs = needsOf(policy, this.device?.webauthn !== null);
    if (!needs) return t.onlyDeny(app.name);
    if (needs.pin && !this.canUsePin()) {
      return this.device?.knowledge ? t.pinLost : t.pinFirst(app.name);
    }
    if (needs.webauthn && !this.device?.webauthn) {
      return webauthnWorks() ? t.biometricFirst(app.name) : t.onlyDeny(app.name);
    }
    return undefined;
  }

  /** Proves what the policy asks for, of this answer and no other; rejects with what is in the way. */
  async prove(request: DeviceRequest, auth: string): Promise<Proofs | undefined> {
    const { app, policy, authRequest } = request;
    const { device } = this;
    if (!policy || !device) return undefined;
    const needs = needsOf(policy, device.webauthn !== null);
    const text = `launchkey-answer\n${authRequest}\n${device.id}\ntrue\n${auth}`;
    const challenge = await sha256(utf8(text));
    const proofs: Proofs = {};
    if (needs && needs.geofences.length > 0) {
      proofs.location = await prove(needs.geofences, app.name, this.client.now());
    }
    if (needs?.pin) {
      const key = await this.askPin(t.askPinFor(app.name));
      proofs.knowledge = await sign(key, new Uint8Array(challenge));
    }
    if (needs?.webauthn && device.webauthn) {
      proofs.webauthn = await assert(challenge, device.webauthn).catch(() => {
        throw new Unproven(t.biometricFailed);
      });
    }
    return proofs;
  }

  private canUsePin(): boolean {
    return this.hasPin && this.device?.knowledge === true;
  }

  private draw(): void {
    const { device } = this;
    if (!device) return;
    const locked = device.knowledge && !this.hasPin;
    byId('pin-state').textContent = this.canUsePin() ? t.pinSet : locked ? t.pinLost : t.pinUnset;
    this.pinButton.textContent = this.canUsePin() ? t.changePin : t.setPin;
    this.pinButton.hidden = locked;
    byId('biometric').hidden = !device.webauthn && !webauthnWorks();
    byId('biometric-state').textContent = device.webauthn ? t.biometricSet : t.biometricUnset;
    this.biometricButton.hidden = device.webauthn !== null;
  }

  private async askPin(text: string): Promise<CryptoKey> {
    let key: CryptoKey | undefined;
    const done = await ask({
      title: t.askPin,
      text,
      field: { label: t.pin, secret: true, digits: true },
      confirm: t.continue,
      act: async (pin) => {
        key = await this.orTriesLeft(unlock(pin));
      },
    });
    if (!done || !key) throw new Cancelled();
    return key;
  }

  private async choosePin(): Promise<void> {
    byId('security-error').textContent = '';
    let old = '';
    if (this.canUsePin()) {
      const known = await ask({
        title: t.askPin,
        text: t.oldPinText,
        field: { label: t.pin, secret: true, digits: true },
        confirm: t.continue,
        act: async (pin) => {
          await this.orTriesLeft(unlock(pin));
          old = pin;
        },
      });
      if (!known) return;
    }
    await ask({
      title: t.choosePin,
      text: t.choosePinText,
      field: { label: t.newPin, digits: true },
      confirm: t.save,
      act: async (pin) => {
        if (!/^\d{6,12}$/.test(pin)) throw new Error(t.pinTooShort);
        await (old ? this.changePin(old, pin) : this.enrolPin(pin));
      },
    });
  }

  /** The engine knows the key, whatever it is wrapped by. */
  private async changePin(old: string, next: string): Promise<void> {
    const kept = await this.orTriesLeft(changePin(old, next));
    await updatePairing((pairing) => ({ ...pairing, pin: kept }));
  }

  private async enrolPin(pin: string): Promise<void> {
    const { kept, publicKey } = await makePinKey(pin);
    // Store it first: a key that only the engine knows would lock the user out.
    await updatePairing((pairing) => ({ ...pairing, pin: kept }));
    this.hasPin = true;
    try {
      await this.client.post('factors/knowledge', { publicKey });
    } catch (error) {
      if (error instanceof Refusal && error.code !== undefined) {
        await updatePairing(({ pin: _refused, ...rest }) => rest);
        this.hasPin = false;
      }
      throw error;
    }
  }

  private async setUpWebauthn(): Promise<void> {
    const error = byId('security-error');
    error.textContent = '';
    this.biometricButton.disabled = true;
    try {
      const options = await this.client.post<CreationOptions>('factors/webauthn/options');
      const response = await register(options).catch(() => {
        throw new Error(t.biometricFailed);
      });
      await this.client.post('factors/webauthn', { response });
    } catch (failure) {
      error.textContent = (failure as Error).message;
    } finally {
      this.biometricButton.disabled = false;
    }
  }

  private async orTriesLeft<T>(trying: Promise<T | number>): Promise<T> {
    const result = await trying;
    if (typeof result !== 'number') return result;
    if (result > 0) throw new Error(t.pinWrong(result));
    this.hasPin = (await loadPairing())?.pin !== undefined;
    this.draw();
    throw new Error(t.pinLost);
  }
}
