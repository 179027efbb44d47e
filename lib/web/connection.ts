import type { EventEmitter } from 'node:events';
import type { Connection } from '../login/connection.js';
import { type NodeResponse, responseOf } from './host-response.js';

interface NodeConnection extends EventEmitter {
  destroyed?: boolean;
}

interface WatchedRequest {
  /** Fastify keeps the request of Node.js here. */
  raw?: WatchedRequest;
  /** With HTTP/2, one socket carries many requests, each on a stream of its own. */
  stream?: NodeConnection;
  socket?: NodeConnection;
  /** Hosts without a connection of Node.js, such as those of the Fetch API, have a signal. */
  signal?: AbortSignal;
}

/**
 * Watches the connection of a request. The request's own `close` event does not serve: Node.js
 * emits it as soon as the body has been read.
 *
 * A response that other code sends, such as middleware with a timeout, counts as a close: the
 * browser no longer waits for another one.
 */
export function watchConnection(req: object): Connection {
  return new WatchedConnection(req);
}

/** A class, because an object literal with an accessor takes six times the memory. */
class WatchedConnection implements Connection {
  readonly whenClosed: Promise<'closed'>;
  private readonly response: NodeResponse | undefined;
  private readonly signal: AbortSignal | undefined;
  /** Some applications send headers first, and let the login decide about the body. */
  private readonly begunBefore: boolean;
  private readonly stopListening: (() => void) | undefined;
  private close: () => void = () => {};
  private hasClosed: boolean;

  constructor(req: object) {
    const { raw = req as WatchedRequest } = req as WatchedRequest;
    const connection = raw.stream ?? raw.socket;
    this.signal = connection ? undefined : raw.signal;
    this.response = responseOf(req);
    this.begunBefore = this.hasBegun();
    this.hasClosed = connection?.destroyed === true || this.signal?.aborted === true;
    this.whenClosed = new Promise<'closed'>((resolve) => {
      this.close = () => {
        this.hasClosed = true;
        resolve('closed');
      };
    });
    if (this.hasClosed) this.close();
    this.stopListening = connection && onClose(connection, this.close);
    this.signal?.addEventListener('abort', this.close);
    this.response?.once?.('close', this.close);
  }

  get closed(): boolean {
    return this.hasClosed || (!this.begunBefore && this.hasBegun());
  }

  release(): void {
    this.stopListening?.();
    this.signal?.removeEventListener('abort', this.close);
    this.response?.removeListener?.('close', this.close);
  }

  private hasBegun(): boolean {
    return this.response?.headersSent === true;
  }
}

/** The one `close` listener of a connection, and the callbacks that it calls. */
interface CloseWatch {
  readonly callbacks: Set<() => void>;
  readonly listener: () => void;
}

const closeWatches = new WeakMap<NodeConnection, CloseWatch>();

/**
 * Calls back when the connection closes, and returns a function that stops this. Pipelined requests
 * share a connection, and Node.js prints a warning at more than ten listeners, so one listener
 * serves all of them.
 */
function onClose(connection: NodeConnection, callback: () => void): () => void {
  const watch = closeWatches.get(connection) ?? addCloseWatch(connection);
  watch.callbacks.add(callback);
  return () => {
    if (!watch.callbacks.delete(callback) || watch.callbacks.size > 0) return;
    connection.removeListener?.('close', watch.listener);
    closeWatches.delete(connection);
  };
}

function addCloseWatch(connection: NodeConnection): CloseWatch {
  const callbacks = new Set<() => void>();
  const listener = () => {
    for (const callback of callbacks) callback();
  };
  const watch = { callbacks, listener };
  closeWatches.set(connection, watch);
  connection.once?.('close', listener);
  return watch;
}
