import { AsyncLocalStorage } from 'node:async_hooks';
import type { Logger } from './logger.js';

const current = new AsyncLocalStorage<string>();

/** Whatever is logged by `act`, and by what it begins, belongs to this request. */
export function inRequest<T>(id: string, act: () => T): T {
  return current.run(id, act);
}

/** What goes on for everybody must not be taken for the doing of the request that set it off. */
export function outsideRequests<T>(act: () => T): T {
  return current.exit(act);
}

/** The same logger, which adds the id of the request that a line belongs to. */
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
