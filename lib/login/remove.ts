import type { Store } from '../store/store.js';
import { localAnswer } from './answer.js';

/**
 * Removes a login that has no push. A store that cannot remove logins keeps it as finished, so that
 * it makes room for others.
 */
export async function removeLogin(store: Store, handle: string): Promise<void> {
  if (store.remove) return store.remove(handle);
  await store.answer(handle, localAnswer('cancelled'));
  await store.consume(handle);
}
