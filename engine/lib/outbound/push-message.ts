import { createECDH } from 'node:crypto';
import webPush from 'web-push';
import type { Data } from '../data/data.js';
import type { PushSubscription } from '../data/ports/devices.js';
import { BoundedMap } from '../util/bounded-map.js';

/** All that a push says. What there is to see, the device asks the engine itself. */
const TEXT = 'look';
const CODING = 'aes128gcm';
/** How long a push service is shown the same token, which is good for twelve hours. */
const TOKEN_LIFE = 3_600_000;

/** The engine's name towards push services (VAPID, RFC 8292); both base64url. */
export interface VapidKeys {
  publicKey: string;
  privateKey: string;
}

/** The keys of this engine, made once: subscriptions hold for the public key that they were made with. */
export async function openVapidKeys(data: Data): Promise<VapidKeys> {
  const candidate = webPush.generateVAPIDKeys().privateKey;
  const privateKey = await data.secrets.ensure('vapid', candidate);
  const ecdh = createECDH('prime256v1');
  ecdh.setPrivateKey(privateKey, 'base64url');
  return { privateKey, publicKey: ecdh.getPublicKey('base64url') };
}

/** Makes messages as RFC 8030 has them sent, encrypted for the subscription (RFC 8291). */
export class PushMessages {
  readonly publicKey: string;
  private readonly privateKey: string;
  private readonly contact: string;
  /** By push service. Signing is most of the work, and blocks everything else. */
  private readonly tokens = new BoundedMap<string, { authorization: string; madeAt: number }>(1000);

  constructor({ publicKey, privateKey }: VapidKeys, publicUrl: string | undefined) {
    this.publicKey = publicKey;
    this.privateKey = privateKey;
    this.contact = contactOf(publicUrl);
  }

  /** @param seconds - for how long the push service may try to hand it over. */
  make(
    { endpoint, p256dh, auth }: PushSubscription,
    seconds: number,
  ): { headers: Record<string, string>; body: Buffer } {
    return {
      headers: {
        authorization: this.authorization(new URL(endpoint).origin),
        ttl: String(seconds),
        urgency: 'high',
        // Of those that could not be handed over yet, one is enough.
        topic: TEXT,
        'content-type': 'application/octet-stream',
        'content-encoding': CODING,
      },
      body: webPush.encrypt(p256dh, auth, TEXT, CODING).cipherText,
    };
  }

  private authorization(service: string): string {
    const now = Date.now();
    const known = this.tokens.get(service);
    if (known && Math.abs(now - known.madeAt) < TOKEN_LIFE) return known.authorization;
    const { contact, publicKey, privateKey } = this;
    const headers = webPush.getVapidHeaders(service, contact, publicKey, privateKey, CODING);
    this.tokens.set(service, { authorization: headers.Authorization, madeAt: now });
    return headers.Authorization;
  }
}

/**
 * Whom a push service can turn to, as it wants to know: the engine's public URL. An engine without one
 * is somebody's own, for trying things out.
 */
function contactOf(publicUrl: string | undefined): string {
  const { protocol, hostname } = new URL(publicUrl ?? 'http://localhost');
  const known = protocol === 'https:' && hostname !== 'localhost';
  return known && publicUrl ? publicUrl : 'mailto:operator@localhost';
}
