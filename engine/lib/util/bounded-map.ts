/** A map of limited size. A new entry beyond the limit removes the oldest one. */
export class BoundedMap<K, V> {
  private readonly entries = new Map<K, V>();
  private readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  get size(): number {
    return this.entries.size;
  }

  get(key: K): V | undefined {
    return this.entries.get(key);
  }

  has(key: K): boolean {
    return this.entries.has(key);
  }

  set(key: K, value: V): void {
    this.entries.delete(key);
    if (this.entries.size >= this.limit) {
      const [oldest] = this.entries.keys();
      if (oldest !== undefined) this.entries.delete(oldest);
    }
    this.entries.set(key, value);
  }

  /** The values, the oldest entry first. */
  values(): IterableIterator<V> {
    return this.entries.values();
  }

  delete(key: K): boolean {
    return this.entries.delete(key);
  }

  clear(): void {
    this.entries.clear();
  }

  deleteWhere(is: (value: V) => boolean): void {
    for (const [key, value] of this.entries) if (is(value)) this.entries.delete(key);
  }

  /** Deletes the oldest entries, up to the first for which `over` is false. */
  dropOldest(over: (value: V) => boolean): void {
    for (const [key, value] of this.entries) {
      if (!over(value)) return;
      this.entries.delete(key);
    }
  }
}
