import { AsyncLocalStorage } from 'node:async_hooks';
import type { Logger } from './logger.js';

const current = new AsyncLocalStorage<string>();

/** Log lines of `act`, and of everything that it starts, carry the id of this request. */
export function inRequest<T>(id: string, act: () => T): T {
  return current.run(id, act);
}

/** Log lines of `act` carry no request id, for work that one request starts for all. */
export function outsideRequests<T>(act: () => T): T {
  return current.exit(act);
}

/** Returns a logger that adds the id of the current request to each line. */
export function withRequestIds(logger: Logger): Logger {
  const add = (details: object): object => {
    const requestId = current.getStore();
    return requestId === undefined ? details : { requestId, ...details };
  };
  return {
    info: (details, message) => logger.info(add(details), message),
    warn: (details, message) => logger.warn(add(details), message),
    error: (details, message) => logger.error(add(details), message),
  };
}
