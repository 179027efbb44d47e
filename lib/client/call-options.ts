/** The options of every call of the client. */
export interface CallOptions {
  /** Ends the call when it is aborted. The call then rejects with the signal's `reason`. */
  signal?: AbortSignal | undefined;
}
