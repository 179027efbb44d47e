import type { EventEmitter } from 'node:events';

/** The connection over which somebody waits for a login. */
export interface Browser {
  /** Whether the connection has been lost. */
  readonly gone: boolean;
  /** Resolves when the connection is lost. Never resolves after {@link Browser.release}. */
  readonly left: Promise<'left'>;
  /** Stops watching. */
  release(): void;
}

interface Connection extends EventEmitter {
  destroyed?: boolean;
}

interface WatchedRequest {
  /** Fastify keeps Node's request here. */
  raw?: WatchedRequest;
  /** HTTP/2: one connection carries many requests, each on a stream of its own. */
  stream?: Connection;
  socket?: Connection;
  /** Where there is no connection to watch. */
  signal?: AbortSignal;
}

/**
 * Watches the connection of a request. Node's `close` event of the request itself does not serve:
 * it comes as soon as the body has been read.
 */
export function watchBrowser(req: object): Browser {
  const { raw = req as WatchedRequest } = req as WatchedRequest;
  const connection = raw.stream ?? raw.socket;
  const signal = connection ? undefined : raw.signal;
  let gone = connection?.destroyed === true || signal?.aborted === true;
  let leave: () => void = () => {};
  const left = new Promise<'left'>((resolve) => {
    leave = () => {
      gone = true;
      resolve('left');
    };
  });
  if (gone) leave();
  const forget = connection && onClose(connection, leave);
  signal?.addEventListener('abort', leave);
  return {
    get gone() {
      return gone;
    },
    left,
    release: () => {
      forget?.();
      signal?.removeEventListener('abort', leave);
    },
  };
}

/** Those who watch one connection, by one listener. */
interface Watch {
  readonly watchers: Set<() => void>;
  readonly closed: () => void;
}

const watches = new WeakMap<Connection, Watch>();

/**
 * Calls back when the connection closes, and gives back how to stop that. Requests that are pipelined
 * share a connection, and Node warns on the console of more than ten listeners.
 */
function onClose(connection: Connection, leave: () => void): () => void {
  const watch = watches.get(connection) ?? beginWatch(connection);
  watch.watchers.add(leave);
  return () => {
    if (!watch.watchers.delete(leave) || watch.watchers.size > 0) return;
    connection.removeListener?.('close', watch.closed);
    watches.delete(connection);
  };
}

function beginWatch(connection: Connection): Watch {
  const watchers = new Set<() => void>();
  const closed = () => {
    for (const leave of watchers) leave();
  };
  const watch = { watchers, closed };
  watches.set(connection, watch);
  connection.once?.('close', closed);
  return watch;
}
