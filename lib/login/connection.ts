/** The connection over which a browser waits for the response to its request. */
export interface Connection {
  /** Whether the connection has closed, or other code has begun a response. */
  readonly closed: boolean;
  /**
   * Resolves when the connection closes, or other code has sent a response. Never resolves after
   * {@link Connection.release}.
   */
  readonly whenClosed: Promise<'closed'>;
  /** Stops watching the connection. */
  release(): void;
}
