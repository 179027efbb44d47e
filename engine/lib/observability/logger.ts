/**
 * Where the engine reports what an operator should know. A pino logger fits; so does any object with
 * these methods. No secret, envelope or URL with a query is ever handed to it.
 */
export interface Logger {
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

/** The default: an engine inside somebody's tests should not write to their console. */
export const silent: Logger = {
  info: () => {},
  warn: () => {},
  error: () => {},
};
