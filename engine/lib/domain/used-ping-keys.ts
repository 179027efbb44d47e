import type { Data } from '../data/data.js';
import type { AppRecord, UsedPingKey } from '../data/ports/apps.js';
import type { DeliveryRecord } from '../data/ports/deliveries.js';
import type { PingKey, PingKeys } from './ping-keys.js';

/**
 * How long an older key counts after its last use if the application also uses a newer one. Java caches
 * a key for this time.
 */
export const OLDER_KEY_COUNTS_MS = 5 * 60_000;
/** Precision of the last use of a key. It is not written at each call. */
const PRECISION_MS = 60_000;

/**
 * Records which ping keys the applications encrypt for. They verify logout events by the same key: a
 * Python process keeps the key of its first ping while it runs.
 *
 * If processes of one application use different keys, the older key counts until it was not used for
 * five minutes. A logout event that fails is signed with the next key at the next attempt.
 */
export class UsedPingKeys {
  private readonly data: Data;
  private readonly pingKeys: PingKeys;
  private readonly clock: () => number;
  /** By application and key, so that concurrent calls write once. */
  private readonly writing = new Map<string, Promise<void>>();

  constructor(data: Data, pingKeys: PingKeys, clock: () => number) {
    this.data = data;
    this.pingKeys = pingKeys;
    this.clock = clock;
  }

  /** Records that the application has encrypted for this key. Writes changes only. */
  async note(app: AppRecord, fingerprint: string): Promise<void> {
    const now = this.clock();
    const used = this.alive(app);
    const known = used.find((one) => one.fingerprint === fingerprint);
    if (known && (known === onlyInUse(used) || Math.abs(now - known.at) < PRECISION_MS)) return;
    const name = `${app.appKey} ${fingerprint}`;
    let written = this.writing.get(name);
    if (!written) {
      written = this.data.apps
        .setUsedPingKeys(app.appKey, withUse(used, fingerprint, now))
        .finally(() => this.writing.delete(name));
      this.writing.set(name, written);
    }
    await written;
  }

  /** Returns a function that signs with the key by which the application verifies this event. */
  async signer(delivery: DeliveryRecord): Promise<(text: string) => Promise<string>> {
    const key = await this.keyFor(delivery);
    return (text) => this.pingKeys.sign(text, key);
  }

  private async keyFor({ kind, appKey, attempts }: DeliveryRecord): Promise<PingKey> {
    const { current } = this.pingKeys;
    // Only clients that ping for an unknown key read the signature of an answer event.
    if (kind === 'answer' || !this.pingKeys.hasRetiring) return current;
    const app = await this.data.apps.get(appKey);
    const used = app ? this.alive(app) : [];
    const keys = [...this.byAge(inUse(used)).slice(0, 1), current, ...this.byAge(used)];
    const candidates = [...new Map(keys.map((key) => [key.fingerprint, key])).values()];
    return candidates[attempts % candidates.length] ?? current;
  }

  private alive(app: AppRecord): UsedPingKey[] {
    return (app.usedPingKeys ?? []).filter((one) => this.pingKeys.accepts(one.fingerprint));
  }

  /** Sorts keys by age, oldest first. */
  private byAge(used: readonly UsedPingKey[]): PingKey[] {
    return used
      .flatMap(({ fingerprint }) => this.pingKeys.byFingerprint(fingerprint) ?? [])
      .sort((a, b) => a.madeAt - b.madeAt);
  }
}

/** Returns the keys that were used within five minutes of the latest use. */
function inUse(used: readonly UsedPingKey[]): UsedPingKey[] {
  const latest = Math.max(...used.map(({ at }) => at));
  return used.filter(({ at }) => at >= latest - OLDER_KEY_COUNTS_MS);
}

/** Returns the only key in use, whose further uses are not written, or `undefined` for several keys. */
function onlyInUse(used: readonly UsedPingKey[]): UsedPingKey | undefined {
  const [only, another] = inUse(used);
  return another ? undefined : only;
}

function withUse(used: readonly UsedPingKey[], fingerprint: string, now: number): UsedPingKey[] {
  // Uses of an only key are not written, so its last use can be now.
  const unwritten = onlyInUse(used);
  const others = used.filter((one) => one.fingerprint !== fingerprint);
  return [
    ...others.map((one) => ({ ...one, at: one === unwritten ? now : Math.min(one.at, now) })),
    { fingerprint, at: now },
  ];
}
