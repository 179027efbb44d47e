import { InvalidResponseError } from '../errors.js';
import { parseTime } from '../util/time.js';
import type { Members } from './response.js';

/** The engine's time and public key. */
export interface Ping {
  /** The engine's time. */
  launchkeyTime: Date;
  /**
   * When the engine's key was made: another date means another key. Engines of 2015 do not send it;
   * it is then the engine's time at which this client first saw the key.
   */
  dateStamp: Date;
  /** The engine's public key, as the PEM text that it sent. */
  key: string;
  /** The extensions of the v1 API that the engine names, for example `'browser'`. */
  features: readonly string[];
}

/**
 * Reads the answer to a ping: `launchkey_time` with `date_stamp`, or `api_time` as Java 2.2 reads it.
 *
 * @param previous The ping before this one, which knows since when a key is in use.
 */
export function readPing(members: Members, previous: Ping | undefined): Ping {
  const { key } = members;
  const launchkeyTime = parseTime(members.launchkey_time) ?? parseTime(members.api_time);
  if (!launchkeyTime) {
    throw new InvalidResponseError(
      'The answer to the ping has no readable launchkey_time. A LaunchKey v1 engine sends one. Check apiBaseUrl.',
    );
  }
  if (typeof key !== 'string') throw noUsableKey();
  const firstSeen = previous?.key === key ? previous.dateStamp : launchkeyTime;
  return {
    launchkeyTime,
    dateStamp: parseTime(members.date_stamp) ?? firstSeen,
    key,
    features: readFeatures(members.features),
  };
}

/** Engines without extensions send no list. */
function readFeatures(list: unknown): readonly string[] {
  return Array.isArray(list) ? list.filter((name) => typeof name === 'string') : [];
}

/** The error for a ping key that is missing or unreadable. */
export function noUsableKey(): InvalidResponseError {
  return new InvalidResponseError(
    'The answer to the ping has no usable key. An RSA public key of at least 2048 bits in PEM is expected. Check apiBaseUrl.',
  );
}
