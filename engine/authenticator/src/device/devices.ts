import { ask } from '../dialog.js';
import { byId, make } from '../dom.js';
import { t, when } from '../texts/index.js';
import type { Device, DeviceClient, DeviceState } from './client.js';

/** The user's devices: their names, and the way to let one go or to pair another. */
export class DeviceList {
  private readonly client: DeviceClient;
  private readonly list = byId('devices');
  private readonly add = byId<HTMLButtonElement>('add-device');
  private readonly offer = byId<HTMLDialogElement>('offer');
  private readonly events = new AbortController();
  private drawn = '';
  private count = 0;

  constructor(client: DeviceClient) {
    this.client = client;
    const { signal } = this.events;
    this.add.addEventListener('click', () => void this.showCode(), { signal });
    byId('offer-close').addEventListener('click', () => this.offer.close(), { signal });
  }

  update({ devices, device }: DeviceState): void {
    // A code has been used: what is shown of it is worth nothing any more.
    if (devices.length > this.count && this.offer.open) this.offer.close();
    this.count = devices.length;
    // Drawing the same again would take the keyboard's focus away.
    const next = JSON.stringify(devices.map(({ lastSeenAt, ...rest }) => rest));
    if (next === this.drawn) return;
    this.drawn = next;
    const hadFocus = this.list.contains(document.activeElement);
    this.list.replaceChildren(...devices.map((one) => this.item(one, one.id === device.id)));
    if (hadFocus) byId('devices-title').focus({ preventScroll: true });
  }

  close(): void {
    this.offer.close();
    this.events.abort();
  }

  private item(device: Device, own: boolean): HTMLElement {
    const item = make('li', '');
    const what = make('div', 'what');
    const name = make('strong', '', device.name);
    if (own) name.append(' ', make('span', 'badge', t.thisDevice));
    what.append(name);
    if (!own) what.append(make('span', 'soft', t.lastSeen(when(device.lastSeenAt))));
    const buttons = make('div', 'buttons');
    buttons.append(
      button('quiet', t.rename, t.renameDevice(device.name), () => this.rename(device)),
      button('quiet danger', t.unpair, t.unpairDevice(device.name), () => this.unpair(device, own)),
    );
    item.append(what, buttons);
    return item;
  }

  private async rename({ id: deviceId, name }: Device): Promise<void> {
    await ask({
      title: t.renameTitle,
      field: { label: t.name, value: name },
      confirm: t.save,
      act: async (given) => {
        await this.client.post('devices/rename', { deviceId, name: given });
      },
    });
  }

  private async unpair({ id: deviceId, name }: Device, own: boolean): Promise<void> {
    const last = this.count === 1 ? ` ${t.unpairLastText}` : '';
    await ask({
      title: t.unpairTitle(name),
      text: (own ? t.unpairOwnText : t.unpairText) + last,
      confirm: t.unpair,
      danger: true,
      // That this device itself is gone is learnt as if another one had done it.
      act: async () => {
        await this.client.post('devices/unpair', { deviceId });
      },
    });
  }

  private async showCode(): Promise<void> {
    const error = byId('devices-error');
    error.textContent = '';
    this.add.disabled = true;
    try {
      const offer = await this.client.post<{ code: string; qrcode: string; expiresAt: number }>(
        'devices/code',
      );
      const image = byId<HTMLImageElement>('offer-image');
      image.alt = t.qrAlt;
      image.src = offer.qrcode.replace(/\.png$/, '.svg');
      byId('offer-code').textContent = `${offer.code.slice(0, 5)} ${offer.code.slice(5)}`;
      byId('offer-until').textContent = t.codeUntil(when(offer.expiresAt));
      if (!this.events.signal.aborted) this.offer.showModal();
    } catch (failure) {
      error.textContent = (failure as Error).message;
    } finally {
      this.add.disabled = false;
    }
  }
}

function button(
  className: string,
  text: string,
  label: string,
  act: () => Promise<void>,
): HTMLButtonElement {
  const made = make('button', className, text);
  made.type = 'button';
  made.setAttribute('aria-label', label);
  made.addEventListener('click', () => void act());
  return made;
}
