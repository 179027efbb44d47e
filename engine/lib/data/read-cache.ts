import { BoundedMap } from '../util/bounded-map.js';

/**
 * Remembers records of data that one process has to itself. A write forgets records when it starts and
 * when it ends, so that a read that ran meanwhile is not remembered.
 */
export class ReadCache<Value> {
  private readonly known: BoundedMap<string, Value>;
  /** Reads that no write has overtaken. Callers at the same time share one. */
  private readonly reading = new Map<string, Promise<Value | undefined>>();

  constructor(limit: number) {
    this.known = new BoundedMap(limit);
  }

  async read(key: string, load: () => Promise<Value | undefined>): Promise<Value | undefined> {
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const begun = this.reading.get(key);
    if (begun) return await begun;
    const reading = load();
    this.reading.set(key, reading);
    try {
      const value = await reading;
      if (value !== undefined && this.reading.get(key) === reading) this.known.set(key, value);
      return value;
    } finally {
      if (this.reading.get(key) === reading) this.reading.delete(key);
    }
  }

  /** Runs a step that writes the records of these keys; without a key, of any. */
  async write<Result>(step: () => Promise<Result>, keys: readonly string[] = []): Promise<Result> {
    this.forget(keys);
    try {
      return await step();
    } finally {
      this.forget(keys);
    }
  }

  private forget(keys: readonly string[]): void {
    if (keys.length === 0) {
      this.known.clear();
      this.reading.clear();
    }
    for (const key of keys) {
      this.known.delete(key);
      this.reading.delete(key);
    }
  }
}
