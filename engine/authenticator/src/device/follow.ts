import { t } from '../texts/index.js';
import { type DeviceClient, type DeviceState, Refusal } from './client.js';

/** How long to wait before asking an engine again that could not be reached, in milliseconds. */
const RETRY = 2000;

export interface Follower {
  onState(state: DeviceState): void;
  /** What is wrong with the connection, in words for people; `undefined` once it is well. */
  onTrouble(trouble: string | undefined): void;
  /** The device was unpaired. */
  onUnpaired(): void;
}

/**
 * Follows the state over one held request, for as long as the page can be seen: phones cut the
 * connections of those that cannot, and do not say so. Returns what ends it.
 */
export function follow(client: DeviceClient, follower: Follower): () => void {
  const ended = new AbortController();
  let version: string | undefined;
  let current: AbortController | undefined;

  const run = async (left: AbortSignal) => {
    while (!left.aborted) {
      const asked = Date.now();
      try {
        const state = await client.state(version, left);
        if (left.aborted) return;
        follower.onTrouble(undefined);
        if (state) {
          version = state.version;
          follower.onState(state);
        } else if (Date.now() - asked < RETRY) {
          // Another page of this device is being followed: taking turns at once would never end.
          await pause(RETRY, left);
        }
      } catch (error) {
        if (left.aborted) return;
        if (error instanceof Refusal && error.code === 'unpaired') return follower.onUnpaired();
        const code = error instanceof Refusal ? error.code : undefined;
        follower.onTrouble(code ? t.errors[code] : t.lost);
        await pause(RETRY, left);
      }
    }
  };
  const begin = () => {
    current?.abort();
    if (ended.signal.aborted || document.visibilityState === 'hidden') return;
    current = new AbortController();
    void run(current.signal);
  };
  const { signal } = ended;
  document.addEventListener('visibilitychange', begin, { signal });
  window.addEventListener('online', begin, { signal });
  begin();
  return () => {
    ended.abort();
    current?.abort();
  };
}

function pause(time: number, left: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = window.setTimeout(resolve, time);
    left.addEventListener('abort', () => {
      window.clearTimeout(timer);
      resolve();
    });
  });
}
