import { BoundedMap } from '../util/bounded-map.js';

/**
 * Remembers records of data that one process has to itself. A write forgets records when it starts and
 * when it ends, so that a read that ran meanwhile is not remembered.
 */
export class ReadCache<Value> {
  private readonly known: BoundedMap<string, Value>;
  /** Reads that no write has overtaken. Callers at the same time share one. */
  private readonly reading = new Map<string, Promise<Value | undefined>>();
  /** Inserts that no other write has overtaken. */
  private readonly inserting = new Map<string, object>();
  /** How often records were forgotten. */
  private writes = 0;

  constructor(limit: number) {
    this.known = new BoundedMap(limit);
  }

  /** Records that `keeps` refuses are read again each time. */
  async read(
    key: string,
    load: () => Promise<Value | undefined>,
    keeps: (value: Value) => boolean = () => true,
  ): Promise<Value | undefined> {
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const begun = this.reading.get(key);
    if (begun) return await begun;
    const reading = load();
    this.reading.set(key, reading);
    try {
      const value = await reading;
      const isLatest = this.reading.get(key) === reading;
      if (value !== undefined && isLatest && keeps(value)) this.known.set(key, value);
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

  /** Remembers what a read of other records returns besides, unless a write has overtaken it. */
  async learn<Result>(
    read: () => Promise<Result>,
    entries: (result: Result) => readonly (readonly [key: string, value: Value])[],
  ): Promise<Result> {
    const { writes } = this;
    const result = await read();
    if (writes === this.writes)
      for (const [key, value] of entries(result)) this.known.set(key, value);
    return result;
  }

  /** Remembers the record that a step has inserted, unless another write of it has begun meanwhile. */
  async insert(step: () => Promise<boolean>, key: string, value: Value): Promise<void> {
    this.forget([key]);
    const turn = {};
    this.inserting.set(key, turn);
    try {
      const inserted = await step();
      if (inserted && this.inserting.get(key) === turn) this.known.set(key, value);
    } finally {
      if (this.inserting.get(key) === turn) this.inserting.delete(key);
    }
  }

  private forget(keys: readonly string[]): void {
    this.writes += 1;
    const maps = [this.known, this.reading, this.inserting];
    for (const map of maps) {
      if (keys.length === 0) map.clear();
      for (const key of keys) map.delete(key);
    }
  }
}
