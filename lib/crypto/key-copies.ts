import { LaunchKeyError } from '../errors.js';
import { onAbort } from '../util/abort.js';

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
  readonly #copy: () => Key | Promise<Key>;
  readonly #free: Key[] = [];
  /** Takes the next free copy. In the order of arrival. */
  readonly #waiting = new Set<(key: Key) => void>();
  readonly #maxCount = COPIES_PER_THREAD * poolThreads();
  #count = 0;

  /** @param copy Makes one more copy. It is called when a job finds all copies in use. */
  constructor(copy: () => Key | Promise<Key>) {
    this.#copy = copy;
  }

  /**
   * Runs a job with a copy that no other job uses. The signal ends the wait for a copy.
   *
   * @throws LaunchKeyError with the code `'LAUNCHKEY_BUSY'` when too many jobs wait.
   */
  async use<T>(job: (key: Key) => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (signal?.aborted) throw signal.reason;
    const key = this.#free.pop() ?? (await this.#next(signal));
    try {
      return await job(key);
    } finally {
      this.#release(key);
    }
  }

  #next(signal: AbortSignal | undefined): Promise<Key> {
    if (this.#count < this.#maxCount) return this.#add();
    if (this.#waiting.size >= MAX_WAITING) throw busy();
    return this.#wait(signal);
  }

  async #add(): Promise<Key> {
    this.#count += 1;
    try {
      return await this.#copy();
    } catch (error) {
      this.#count -= 1;
      throw error;
    }
  }

  #wait(signal: AbortSignal | undefined): Promise<Key> {
    return new Promise((resolve, reject) => {
      const take = (key: Key) => {
        stopListening();
        resolve(key);
      };
      const stopListening = onAbort(signal, () => {
        this.#waiting.delete(take);
        reject(signal?.reason);
      });
      this.#waiting.add(take);
    });
  }

  #release(key: Key): void {
    for (const take of this.#waiting) {
      this.#waiting.delete(take);
      take(key);
      return;
    }
    this.#free.push(key);
  }
}

/** The size of libuv's thread pool. */
function poolThreads(): number {
  const asked = Number.parseInt(process.env.UV_THREADPOOL_SIZE ?? '', 10);
  const threads = Number.isNaN(asked) ? DEFAULT_POOL_THREADS : asked;
  return Math.min(Math.max(threads, 1), MAX_POOL_THREADS);
}

function busy(): LaunchKeyError {
  return new LaunchKeyError(
    `${MAX_WAITING} operations with the private key wait already. Try again later.`,
    { code: 'LAUNCHKEY_BUSY', retryable: true },
  );
}
