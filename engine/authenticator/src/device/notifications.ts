import { byId } from '../dom.js';
import { t } from '../texts/index.js';
import type { DeviceClient, DeviceState } from './client.js';

/** Whether this device is told of requests while the page is closed. */
export class Notifications {
  private readonly client: DeviceClient;
  private readonly button = byId<HTMLButtonElement>('notifications-button');
  private readonly events = new AbortController();
  private pushKey: string | undefined;
  private on = false;
  private compared = false;

  constructor(client: DeviceClient) {
    this.client = client;
    const { signal } = this.events;
    this.button.addEventListener('click', () => void this.change(), { signal });
  }

  update({ device, pushKey, requests }: DeviceState): void {
    this.pushKey = pushKey;
    this.on = device.push;
    const can = 'serviceWorker' in navigator && 'PushManager' in window;
    byId('notifications').hidden = pushKey === undefined || !can;
    byId('notifications-state').textContent = this.on ? t.notificationsOn : t.notificationsOff;
    this.button.textContent = this.on ? t.turnOff : t.turnOn;
    if (requests.length === 0) void clear();
    if (this.on && can && !this.compared) void this.compare();
  }

  close(): void {
    this.events.abort();
  }

  /** Runs once a visit: browsers replace or end subscriptions without notice. */
  private async compare(): Promise<void> {
    this.compared = true;
    const { pushManager } = await navigator.serviceWorker.ready;
    const subscription = (await pushManager.getSubscription())?.toJSON() ?? null;
    // The engine changes nothing if it is the one that it has. If this fails, the next visit is soon.
    await this.client.post('push', { subscription }).catch(() => {});
  }

  private async change(): Promise<void> {
    // What is chosen now is not to be undone by what was looked up before.
    this.compared = true;
    const error = byId('security-error');
    error.textContent = '';
    this.button.disabled = true;
    try {
      await this.client.post('push', { subscription: await this.subscription() });
    } catch (failure) {
      error.textContent = (failure as Error).message;
    } finally {
      this.button.disabled = false;
    }
  }

  /** The one that is to be, `null` for none. */
  private async subscription(): Promise<PushSubscriptionJSON | null> {
    const { pushManager } = await navigator.serviceWorker.ready;
    // One that was made for another key of the engine's would be in the way.
    await (await pushManager.getSubscription())?.unsubscribe();
    if (this.on) return null;
    const options = { userVisibleOnly: true, applicationServerKey: this.pushKey };
    const made = await pushManager.subscribe(options).catch(() => {
      throw new Error(t.notificationsRefused);
    });
    return made.toJSON();
  }
}

/** Takes away what was shown of requests that are over. */
async function clear(): Promise<void> {
  const registration = await navigator.serviceWorker?.getRegistration();
  for (const shown of (await registration?.getNotifications()) ?? []) shown.close();
}
