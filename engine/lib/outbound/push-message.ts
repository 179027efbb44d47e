import { createECDH } from 'node:crypto';
import webPush from 'web-push';
import type { Data } from '../data/data.js';
import type { PushSubscription } from '../data/ports/devices.js';
import { BoundedMap } from '../util/bounded-map.js';

/** A new message replaces one with the same topic that was not delivered yet. */
const TOPIC = 'look';
/** Marks a declarative message (Push API): a browser shows it without a service worker. */
const WEB_PUSH = 8030;
const CODING = 'aes128gcm';
/** How long a token for a push service is used. It is valid for twelve hours. */
const TOKEN_LIFE_MS = 3_600_000;

/** The keys by which push services know the engine (VAPID, RFC 8292), base64url. */
export interface VapidKeys {
  publicKey: string;
  privateKey: string;
}

/** Returns the engine's keys, which are made once: a subscription belongs to its public key. */
export async function openVapidKeys(data: Data): Promise<VapidKeys> {
  const candidate = webPush.generateVAPIDKeys().privateKey;
  const privateKey = await data.secrets.ensure('vapid', candidate);
  const ecdh = createECDH('prime256v1');
  ecdh.setPrivateKey(privateKey, 'base64url');
  return { privateKey, publicKey: ecdh.getPublicKey('base64url') };
}

/** Makes Web Push messages (RFC 8030), encrypted for the subscription (RFC 8291). */
export class PushMessages {
  readonly publicKey: string;
  private readonly privateKey: string;
  private readonly contact: string;
  private readonly pageUrl: () => string;
  /** By push service. Signing a token blocks the process and takes most of the time. */
  private readonly tokens = new BoundedMap<string, { authorization: string; madeAt: number }>(1000);

  /** @param pageUrl - returns the address of the page that a notification opens. */
  constructor(
    { publicKey, privateKey }: VapidKeys,
    publicUrl: string | undefined,
    pageUrl: () => string,
  ) {
    this.publicKey = publicKey;
    this.privateKey = privateKey;
    this.contact = contactOf(publicUrl);
    this.pageUrl = pageUrl;
  }

  /** @param seconds - how long the push service may try to deliver it. */
  make(
    { endpoint, p256dh, auth }: PushSubscription,
    seconds: number,
  ): { headers: Record<string, string>; body: Buffer } {
    return {
      headers: {
        authorization: this.authorization(new URL(endpoint).origin),
        ttl: String(seconds),
        urgency: 'high',
        topic: TOPIC,
        'content-type': 'application/notification+json',
        'content-encoding': CODING,
      },
      body: webPush.encrypt(p256dh, auth, this.text(), CODING).cipherText,
    };
  }

  /**
   * The same for every request: the push service must not learn more from its length. Safari shows the
   * notification by itself. `mutable` lets the service worker show one in the user's language.
   */
  private text(): string {
    return JSON.stringify({
      web_push: WEB_PUSH,
      notification: {
        title: 'A request waits for you',
        body: 'Open to see who asks.',
        lang: 'en',
        navigate: this.pageUrl(),
        tag: 'request',
      },
      mutable: true,
    });
  }

  private authorization(service: string): string {
    const now = Date.now();
    const known = this.tokens.get(service);
    if (known && Math.abs(now - known.madeAt) < TOKEN_LIFE_MS) return known.authorization;
    const { contact, publicKey, privateKey } = this;
    const headers = webPush.getVapidHeaders(service, contact, publicKey, privateKey, CODING);
    this.tokens.set(service, { authorization: headers.Authorization, madeAt: now });
    return headers.Authorization;
  }
}

/** The contact that push services require: the public URL, or a placeholder for an engine without one. */
function contactOf(publicUrl: string | undefined): string {
  const { protocol, hostname } = new URL(publicUrl ?? 'http://localhost');
  const known = protocol === 'https:' && hostname !== 'localhost';
  return known && publicUrl ? publicUrl : 'mailto:operator@localhost';
}
