import { isIP } from 'node:net';
import { readEcPublicKey } from '../crypto/ec.js';
import type { Data } from '../data/data.js';
import type { DeviceRecord, PushSubscription } from '../data/ports/devices.js';
import type { OutgoingGuard } from '../util/outgoing-guard.js';
import type { Audit } from './audit.js';
import { invalid } from './device-refusal.js';
import type { Signals } from './signals.js';

/** Longer than those of any push service there is. */
const LONGEST_ENDPOINT = 2048;
/** An uncompressed point of P-256: 65 bytes, the first of them 4. */
const P256DH = /^B[A-Za-z0-9_-]{86}$/;
/** 16 bytes. */
const AUTH = /^[A-Za-z0-9_-]{22}$/;

/** Where the push services of the devices' browsers take messages for them. */
export class PushSubscriptions {
  private readonly data: Data;
  private readonly guard: OutgoingGuard;
  private readonly audit: Audit;
  private readonly signals: Signals;

  constructor(data: Data, guard: OutgoingGuard, audit: Audit, signals: Signals) {
    this.data = data;
    this.guard = guard;
    this.audit = audit;
    this.signals = signals;
  }

  /** Takes what `PushSubscription.toJSON()` gives in the browser; `null` ends the subscription. */
  async set(device: DeviceRecord, given: unknown): Promise<void> {
    const push = given === null ? undefined : readSubscription(given, this.guard);
    if (JSON.stringify(push) === JSON.stringify(device.push)) return;
    if (!push) return await this.remove(device, device.id);
    await this.data.devices.update(device.id, { push });
    const { id: deviceId, userId } = device;
    // The rest of the endpoint is what lets others send to the device.
    const { host } = new URL(push.endpoint);
    await this.audit.write('push.subscribed', { userId, deviceId }, { service: host });
    this.signals.publish({ userId });
  }

  /** Ends a subscription that its push service says is over. */
  async over(device: DeviceRecord): Promise<void> {
    const current = await this.data.devices.get(device.id);
    // The browser may have made another one meanwhile.
    if (current?.push?.endpoint !== device.push?.endpoint) return;
    await this.remove(device, 'push service');
  }

  private async remove({ id: deviceId, userId }: DeviceRecord, by: string): Promise<void> {
    await this.data.devices.update(deviceId, { push: null });
    await this.audit.write('push.unsubscribed', { userId, deviceId }, { by });
    this.signals.publish({ userId });
  }
}

/** Reads what a browser has made of a subscription; throws a {@link DeviceRefusal} for what is unusable. */
export function readSubscription(given: unknown, guard: OutgoingGuard): PushSubscription {
  const { endpoint, keys } = (given ?? {}) as { endpoint?: unknown; keys?: unknown };
  const { p256dh, auth } = (keys ?? {}) as { p256dh?: unknown; auth?: unknown };
  if (typeof endpoint !== 'string' || !mayBeSentTo(endpoint, guard)) {
    throw invalid(
      `subscription.endpoint must be the https URL of a push service, of at most ${LONGEST_ENDPOINT} characters.`,
    );
  }
  if (typeof p256dh !== 'string' || !isPoint(p256dh)) {
    throw invalid('subscription.keys.p256dh must be a point of P-256, 65 bytes in base64url.');
  }
  if (typeof auth !== 'string' || !AUTH.test(auth)) {
    throw invalid('subscription.keys.auth must be 16 bytes in base64url.');
  }
  return { endpoint, p256dh, auth };
}

/** A name is looked at when it is connected to. */
function mayBeSentTo(endpoint: string, guard: OutgoingGuard): boolean {
  if (endpoint.length > LONGEST_ENDPOINT || !URL.canParse(endpoint)) return false;
  const { protocol, username, password, hash, hostname } = new URL(endpoint);
  if (protocol !== 'https:' || username || password || hash) return false;
  const address = hostname.replace(/^\[|\]$/g, '');
  return isIP(address) === 0 || guard.allows(address);
}

function isPoint(text: string): boolean {
  if (!P256DH.test(text)) return false;
  const bytes = Buffer.from(text, 'base64url');
  const x = bytes.subarray(1, 33).toString('base64url');
  const y = bytes.subarray(33).toString('base64url');
  return bytes[0] === 4 && readEcPublicKey({ kty: 'EC', crv: 'P-256', x, y }) !== undefined;
}
