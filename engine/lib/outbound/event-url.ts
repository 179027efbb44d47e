import type { DeliveryRecord } from '../data/ports/deliveries.js';
import { apiTime, launchkeyTime } from '../util/time.js';

/**
 * Returns the URL for an event: the application's callback URL with the event's parameters in the query,
 * sorted by name, and a signature over all of them.
 */
export async function eventUrl(
  delivery: DeliveryRecord,
  sign: (text: string) => Promise<string>,
): Promise<URL> {
  const url = new URL(delivery.callbackUrl);
  const query = new URLSearchParams(url.search);
  for (const [name, value] of Object.entries(await members(delivery, sign))) query.set(name, value);
  query.set('event_id', delivery.id);
  query.set('event_time', apiTime(delivery.eventTime));
  query.sort();
  query.set('event_signature', await sign(query.toString()));
  url.search = query.toString();
  return url;
}

async function members(
  delivery: DeliveryRecord,
  sign: (text: string) => Promise<string>,
): Promise<Record<string, string>> {
  if (delivery.kind === 'answer') return delivery.parameters;
  const deorbit = JSON.stringify({
    launchkey_time: launchkeyTime(delivery.eventTime),
    api_time: apiTime(delivery.eventTime),
    user_hash: delivery.parameters.user_hash,
  });
  return { deorbit, signature: await sign(deorbit) };
}
