// A thread of libuv's pool that ends a job finds the next one in the pool's own queue, and need not
// wait for the event loop.
const COPIES_PER_THREAD = 2;
const DEFAULT_POOL_THREADS = 4;
const MAX_POOL_THREADS = 16;
/** Jobs that wait. The last one of them waits about three seconds on two cores. */
const MAX_WAITING = 10_000;

/**
 * Copies of one private key, each of which has one job at a time. Further jobs wait for a free copy,
 * in their order.
 *
 * Node.js locks a key while a job uses it. A second job with the same key blocks the event loop until
 * it has the lock, and blocks a thread of the pool as well.
 */
export class KeyCopies<Key> {
  private readonly copy: () => Key | Promise<Key>;
  private readonly free: Key[] = [];
  /** Takes the next free copy. In the order of arrival. */
  private readonly waiting = new Set<(key: Key) => void>();
  private readonly maxCount = COPIES_PER_THREAD * poolThreads();
  private count = 0;

  /** @param copy Makes one more copy. It is called when a job finds all copies in use. */
  constructor(copy: () => Key | Promise<Key>) {
    this.copy = copy;
  }

  /** Runs a job with a copy that no other job uses. Throws when too many jobs wait. */
  async use<T>(job: (key: Key) => Promise<T>): Promise<T> {
    const key = this.free.pop() ?? (await this.next());
    try {
      return await job(key);
    } finally {
      this.release(key);
    }
  }

  private next(): Promise<Key> {
    if (this.count < this.maxCount) return this.add();
    if (this.waiting.size >= MAX_WAITING) {
      throw new Error(`${MAX_WAITING} operations with a private key wait already.`);
    }
    return new Promise((resolve) => this.waiting.add(resolve));
  }

  private async add(): Promise<Key> {
    this.count += 1;
    try {
      return await this.copy();
    } catch (error) {
      this.count -= 1;
      throw error;
    }
  }

  private release(key: Key): void {
    for (const take of this.waiting) {
      this.waiting.delete(take);
      take(key);
      return;
    }
    this.free.push(key);
  }
}

/** The size of libuv's thread pool. */
function poolThreads(): number {
  const asked = Number.parseInt(process.env.UV_THREADPOOL_SIZE ?? '', 10);
  const threads = Number.isNaN(asked) ? DEFAULT_POOL_THREADS : asked;
  return Math.min(Math.max(threads, 1), MAX_POOL_THREADS);
}
