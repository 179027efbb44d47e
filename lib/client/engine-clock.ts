import type { KeyObject } from 'node:crypto';
import { readPublicKey } from '../crypto/keys.js';
import { CommunicationError } from '../errors.js';
import { noUsableKey, type Ping, readPing } from './ping.js';
import type { Members } from './response.js';

/** One reading of the engine's clock and key. */
export interface Reading {
  readonly ping: Ping;
  readonly key: KeyObject;
  /** When it was taken, on the monotonic clock, in ms. */
  readonly takenAt: number;
  /** Engine time less the monotonic clock, in ms. */
  readonly offset: number;
}

/** How long a reading is used before the engine is asked again. */
const READING_LIFETIME_MS = 300_000;
/** How long events of a replaced key are accepted: an event may be that old. */
const REPLACED_KEY_LIFETIME_MS = 300_000;
/** The shortest interval between two pings that events cause. */
const EVENT_PING_INTERVAL_MS = 10_000;

/**
 * The engine's clock and key, as of the last ping.
 *
 * Time runs on the monotonic clock, so a wrong local clock, or one that is set, does no harm. After a
 * machine slept, it is late by that long until the engine rejects a stamp. Callers that need a ping
 * at the same time share one.
 */
export class EngineClock {
  readonly #sendPing: () => Promise<Members>;
  #reading: Reading | undefined;
  #replacedKey: { key: KeyObject; expiresAt: number } | undefined;
  #pinging: Promise<Reading> | undefined;
  #eventPingAt = Number.NEGATIVE_INFINITY;

  /** @param sendPing Sends a ping and returns the members of its answer. */
  constructor(sendPing: () => Promise<Members>) {
    this.#sendPing = sendPing;
  }

  /** The engine's time in ms since 1970, or `undefined` before the first ping. */
  now(): number | undefined {
    return this.#reading && performance.now() + this.#reading.offset;
  }

  /** Pings the engine, or joins the ping that is under way. */
  ping(): Promise<Reading> {
    if (!this.#pinging) {
      const pinging = this.#takeReading().finally(() => {
        this.#pinging = undefined;
      });
      // If every caller was aborted, no other handler is left.
      pinging.catch(() => {});
      this.#pinging = pinging;
    }
    return this.#pinging;
  }

  /** A reading of the last five minutes, by a new ping if necessary. */
  async current(): Promise<Reading> {
    return this.known() ?? this.ping();
  }

  /** A reading of the last five minutes, if there is one. */
  known(): Reading | undefined {
    const reading = this.#reading;
    return reading && performance.now() - reading.takenAt < READING_LIFETIME_MS
      ? reading
      : undefined;
  }

  /** A reading newer than one that the engine has rejected. */
  async newerThan(reading: Reading): Promise<Reading> {
    return this.#reading && this.#reading !== reading ? this.#reading : this.ping();
  }

  /**
   * A reading to verify an event with. Anyone can send an event, so events cause at most one ping in
   * ten seconds; in between, an older reading is used.
   */
  async forEvent(): Promise<Reading> {
    const known = this.known();
    if (known) return known;
    if (this.#pinging) return this.#pinging;
    if (this.#mayPingForEvent()) return this.ping();
    if (this.#reading) return this.#reading;
    throw new CommunicationError(
      "The engine's key is not known: it did not answer a ping in the last ten seconds. Receive the event again later.",
    );
  }

  /** A new reading after an event failed; `undefined` where events caused a ping just before. */
  async renewedForEvent(): Promise<Reading | undefined> {
    return this.#mayPingForEvent() ? this.ping() : undefined;
  }

  /** The keys that may have signed an event: the engine's, and a replaced one for five minutes. */
  eventKeys(reading: Reading): KeyObject[] {
    const replaced = this.#replacedKey;
    return replaced && replaced.expiresAt > performance.now()
      ? [reading.key, replaced.key]
      : [reading.key];
  }

  #mayPingForEvent(): boolean {
    if (performance.now() - this.#eventPingAt < EVENT_PING_INTERVAL_MS) return false;
    this.#eventPingAt = performance.now();
    return true;
  }

  async #takeReading(): Promise<Reading> {
    const sentAt = performance.now();
    const members = await this.#sendPing();
    const takenAt = performance.now();
    const previous = this.#reading;
    const ping = readPing(members, previous?.ping);
    const isSameKey = previous !== undefined && isSame(previous.ping, ping);
    const key = isSameKey ? previous.key : readPublicKey(ping.key);
    if (!key) throw noUsableKey();
    if (previous && !isSameKey) {
      this.#replacedKey = { key: previous.key, expiresAt: takenAt + REPLACED_KEY_LIFETIME_MS };
    }
    // The engine read its clock between the two moments; the middle is the best estimate.
    const offset = ping.launchkeyTime.getTime() - (sentAt + takenAt) / 2;
    this.#reading = { ping, key, takenAt, offset };
    return this.#reading;
  }
}

const isSame = (a: Ping, b: Ping) =>
  a.key === b.key && a.dateStamp.getTime() === b.dateStamp.getTime();
