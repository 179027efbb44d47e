/**
 * Receives the engine's log lines. A pino logger fits, and so does any object with these methods. The
 * engine passes no secret, no envelope and no URL with a query.
 *
 * @example
 * ```ts
 * import { startEngine } from 'launchkey-engine';
 *
 * await startEngine({
 *   logger: {
 *     info: (details, message) => console.log(message, details),
 *     warn: (details, message) => console.warn(message, details),
 *     error: (details, message) => console.error(message, details),
 *   },
 * });
 * ```
 */
export interface Logger {
  /** Something that an operator may want to know, for example a retried event. */
  info(details: object, message: string): void;
  /** Something that an operator should look at, for example an event that is given up. */
  warn(details: object, message: string): void;
  /** A fault, for example data that cannot be read. */
  error(details: object, message: string): void;
}

/** The default logger. An engine inside a test must not write to the test's output. */
export const silent: Logger = {
  info: () => {},
  warn: () => {},
  error: () => {},
};
