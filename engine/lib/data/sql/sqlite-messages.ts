import type { PlainError } from '../thread-errors.js';

/** What the thread of an SQLite file is started with. */
export interface WorkerData {
  file: string;
  /** The engine's key, which encrypts its secrets. */
  key: string;
}

/** A call of the method `name` (`requests.insert`), with plain data as arguments. */
export interface Call {
  id: number;
  name: string;
  values: unknown[];
}

/** A message to the thread. After `close` it finishes the calls that it has. */
export type Request = Call[] | 'close';

/** The outcome of a call. */
export type Done = { id: number; value: unknown } | { id: number; error: PlainError };

/** A message from the thread: `ready` or `failed` once, after the file was opened. */
export type Reply = 'ready' | { failed: PlainError } | { done: Done[] };
