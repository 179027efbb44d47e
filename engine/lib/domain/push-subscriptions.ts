import { isIP } from 'node:net';
import { readEcPublicKey } from '../crypto/ec.js';
import type { Data } from '../data/data.js';
import type { DeviceRecord, PushSubscription } from '../data/ports/devices.js';
import type { OutgoingGuard } from '../util/outgoing-guard.js';
import type { Audit } from './audit.js';
import { invalid, isRefused, type Refusal } from './refusals.js';
import type { Signals } from './signals.js';

/** Longer than the endpoints of all known push services. */
const MAX_ENDPOINT_LENGTH = 2048;
/** An uncompressed point of P-256: 65 bytes, the first of them 4. */
const P256DH = /^B[A-Za-z0-9_-]{86}$/;
/** 16 bytes. */
const AUTH = /^[A-Za-z0-9_-]{22}$/;

/** The Web Push subscriptions of the devices. */
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

  /**
   * Stores the result of `PushSubscription.toJSON()` in the browser; `null` ends the subscription.
   * Returns the refusal, if any.
   */
  async set(device: DeviceRecord, given: unknown): Promise<Refusal<'invalid'> | undefined> {
    const push = given === null ? undefined : readSubscription(given, this.guard);
    if (isRefused(push)) return push;
    if (JSON.stringify(push) === JSON.stringify(device.push)) return undefined;
    if (!push) {
      await this.remove(device, device.id);
      return undefined;
    }
    await this.data.devices.update(device.id, { push });
    const { id: deviceId, userId } = device;
    // The path of the endpoint lets its holder send to the device, so it is not recorded.
    const { host } = new URL(push.endpoint);
    await this.audit.write('push.subscribed', { userId, deviceId }, { service: host });
    this.signals.publish({ userId });
    return undefined;
  }

  /** Ends a subscription that its push service has ended. */
  async endedByService(device: DeviceRecord): Promise<void> {
    const current = await this.data.devices.get(device.id);
    // The browser may have subscribed again in the meantime.
    if (current?.push?.endpoint !== device.push?.endpoint) return;
    await this.remove(device, 'push service');
  }

  private async remove({ id: deviceId, userId }: DeviceRecord, by: string): Promise<void> {
    await this.data.devices.update(deviceId, { push: null });
    await this.audit.write('push.unsubscribed', { userId, deviceId }, { by });
    this.signals.publish({ userId });
  }
}

/** Checks a subscription that a browser has made. */
export function readSubscription(
  given: unknown,
  guard: OutgoingGuard,
): PushSubscription | Refusal<'invalid'> {
  const { endpoint, keys } = (given ?? {}) as { endpoint?: unknown; keys?: unknown };
  const { p256dh, auth } = (keys ?? {}) as { p256dh?: unknown; auth?: unknown };
  if (typeof endpoint !== 'string' || !isAllowed(endpoint, guard)) {
    return invalid(
      'subscription.endpoint',
      `the https URL of a push service, of at most ${MAX_ENDPOINT_LENGTH} characters`,
    );
  }
  if (typeof p256dh !== 'string' || !isPoint(p256dh)) {
    return invalid('subscription.keys.p256dh', 'a point of P-256, 65 bytes in base64url');
  }
  if (typeof auth !== 'string' || !AUTH.test(auth)) {
    return invalid('subscription.keys.auth', '16 bytes in base64url');
  }
  return { endpoint, p256dh, auth };
}

/** Checks literal addresses. A host name is checked when it is connected to. */
function isAllowed(endpoint: string, guard: OutgoingGuard): boolean {
  if (endpoint.length > MAX_ENDPOINT_LENGTH || !URL.canParse(endpoint)) return false;
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
