import type { KeyObject } from 'node:crypto';
import { readPublicKey } from '../crypto/keys.js';
import { CommunicationError, InvalidResponseError } from '../errors.js';
import { parseTime } from '../util/time.js';
import type { Members } from './reply.js';

/** What the engine says of itself. */
export interface Ping {
  /** The engine's time. */
  launchkeyTime: Date;
  /**
   * When the engine's key was made: another date means another key. Engines of 2015 do not say; then
   * it is the engine's time when this key was first seen.
   */
  dateStamp: Date;
  /** The engine's public key, PEM text as it came. */
  key: string;
}

/** One reading of the engine's clock and key. */
export interface Reading {
  readonly ping: Ping;
  readonly key: KeyObject;
  /** The local moment it was taken at, on the monotonic clock, in milliseconds. */
  readonly takenAt: number;
  /** Engine time less the monotonic clock, in milliseconds. */
  readonly offset: number;
}

const KEY_LIFETIME = 300_000;
const EVENT_PING_INTERVAL = 10_000;

/**
 * The engine's clock and key as far as they are known here.
 *
 * Time is counted on the monotonic clock from the last ping, so that it does not matter how wrong
 * the local clock is, nor that somebody sets it. (A machine that slept is late by that long, until
 * the engine calls a stamp stale.) All who need a ping at one moment share it.
 */
export class EngineClock {
  readonly #ask: () => Promise<Members>;
  #reading: Reading | undefined;
  #previousKey: { key: KeyObject; until: number } | undefined;
  #asking: Promise<Reading> | undefined;
  #eventPingAt = Number.NEGATIVE_INFINITY;

  /** @param ask Sends a ping and gives back what the engine said. */
  constructor(ask: () => Promise<Members>) {
    this.#ask = ask;
  }

  /** The engine's time now, in milliseconds since 1970; `undefined` before the first ping. */
  now(): number | undefined {
    return this.#reading && performance.now() + this.#reading.offset;
  }

  /** Asks the engine, or joins those who are asking. */
  ping(): Promise<Reading> {
    if (!this.#asking) {
      const asking = this.#take().finally(() => {
        this.#asking = undefined;
      });
      // Everybody who waited may have been aborted.
      asking.catch(() => {});
      this.#asking = asking;
    }
    return this.#asking;
  }

  /** A reading that is not older than five minutes. */
  async current(): Promise<Reading> {
    return this.known() ?? this.ping();
  }

  /** A reading that is not older than five minutes, if there is one. */
  known(): Reading | undefined {
    const reading = this.#reading;
    return reading && performance.now() - reading.takenAt < KEY_LIFETIME ? reading : undefined;
  }

  /** A newer reading than the one with which the engine was not content. */
  async newerThan(reading: Reading): Promise<Reading> {
    return this.#reading && this.#reading !== reading ? this.#reading : this.ping();
  }

  /**
   * A reading to check an event with. Anybody can send an event, so events alone cause at most one
   * ping in ten seconds; in between they are checked with what is known.
   */
  async forEvent(): Promise<Reading> {
    const known = this.known();
    if (known) return known;
    if (this.#asking) return this.#asking;
    if (this.#mayPingForEvent()) return this.ping();
    if (this.#reading) return this.#reading;
    throw new CommunicationError(
      'The engine was asked for its key a moment ago, and did not answer',
    );
  }

  /** A new reading because an event did not pass; `undefined` where one was taken a moment ago. */
  async renewedForEvent(): Promise<Reading | undefined> {
    return this.#mayPingForEvent() ? this.ping() : undefined;
  }

  /**
   * The keys with which an event may be signed: the engine's key, and for five minutes after a
   * rotation the one before it, since an event may be that old.
   */
  eventKeys(reading: Reading): KeyObject[] {
    const previous = this.#previousKey;
    return previous && previous.until > performance.now()
      ? [reading.key, previous.key]
      : [reading.key];
  }

  #mayPingForEvent(): boolean {
    if (performance.now() - this.#eventPingAt < EVENT_PING_INTERVAL) return false;
    this.#eventPingAt = performance.now();
    return true;
  }

  async #take(): Promise<Reading> {
    const sentAt = performance.now();
    const members = await this.#ask();
    const takenAt = performance.now();
    const before = this.#reading;
    const ping = readPing(members, before?.ping);
    const isSameKey = before !== undefined && isSame(before.ping, ping);
    const key = isSameKey ? before.key : readPublicKey(ping.key);
    if (!key) throw new InvalidResponseError('The engine served no usable RSA public key');
    if (before && !isSameKey)
      this.#previousKey = { key: before.key, until: takenAt + KEY_LIFETIME };
    // The engine read its clock somewhere between: in the middle, as far as anybody can know.
    const offset = ping.launchkeyTime.getTime() - (sentAt + takenAt) / 2;
    this.#reading = { ping, key, takenAt, offset };
    return this.#reading;
  }
}

const isSame = (a: Ping, b: Ping) =>
  a.key === b.key && a.dateStamp.getTime() === b.dateStamp.getTime();

/** `launchkey_time`, or `api_time` as Java 2.2 reads it. */
function readPing(members: Members, before: Ping | undefined): Ping {
  const { key } = members;
  const launchkeyTime = parseTime(members.launchkey_time) ?? parseTime(members.api_time);
  if (!launchkeyTime) throw new InvalidResponseError('The engine did not say what time it is');
  if (typeof key !== 'string') throw new InvalidResponseError('The engine served no public key');
  const firstSeen = before?.key === key ? before.dateStamp : launchkeyTime;
  return { launchkeyTime, dateStamp: parseTime(members.date_stamp) ?? firstSeen, key };
}
