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
  connection?.once?.('close', leave);
  signal?.addEventListener('abort', leave);
  return {
    get gone() {
      return gone;
    },
    left,
    release: () => {
      connection?.removeListener?.('close', leave);
      signal?.removeEventListener('abort', leave);
    },
  };
}
