import { createECDH } from 'node:crypto';
import webPush from 'web-push';
import type { PushSubscription } from '../data/records.js';
import type { Repository } from '../data/repository.js';

/** All that a push says. What there is to see, the device asks the engine itself. */
const TEXT = 'look';

/** The engine's name towards push services (VAPID, RFC 8292); both base64url. */
export interface VapidKeys {
  publicKey: string;
  privateKey: string;
}

/** The keys of this engine, made once: subscriptions hold for the public key that they were made with. */
export async function openVapidKeys(repository: Repository): Promise<VapidKeys> {
  const candidate = webPush.generateVAPIDKeys().privateKey;
  const privateKey = await repository.secret('vapid', candidate);
  const ecdh = createECDH('prime256v1');
  ecdh.setPrivateKey(privateKey, 'base64url');
  return { privateKey, publicKey: ecdh.getPublicKey('base64url') };
}

/**
 * Whom a push service can turn to, as it wants to know: the engine's public URL. An engine without one
 * is somebody's own, for trying things out.
 */
export function contactOf(publicUrl: string | undefined): string {
  const { protocol, hostname } = new URL(publicUrl ?? 'http://localhost');
  const known = protocol === 'https:' && hostname !== 'localhost';
  return known && publicUrl ? publicUrl : 'mailto:operator@localhost';
}

/** A message as RFC 8030 has it sent, encrypted for the subscription (RFC 8291). */
export function pushMessage(
  { endpoint, p256dh, auth }: PushSubscription,
  vapid: VapidKeys & { subject: string },
  seconds: number,
): { headers: Record<string, string>; body: Buffer } {
  const { headers, body } = webPush.generateRequestDetails(
    { endpoint, keys: { p256dh, auth } },
    TEXT,
    {
      vapidDetails: vapid,
      contentEncoding: 'aes128gcm',
      TTL: seconds,
      urgency: 'high',
      // Of those that could not be handed over yet, one is enough.
      topic: TEXT,
    },
  );
  const texts = Object.entries(headers).map(([name, value]) => [name, String(value)]);
  return { headers: Object.fromEntries(texts), body };
}
