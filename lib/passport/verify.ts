import { toErrorObject } from '../util/error-object.js';
import { withTimeout } from '../util/timers.js';

/** The answer of verify: the user, or `null` for none. */
export interface Verified {
  user: Express.User | null;
  info: object | string | undefined;
}

/** verify must answer within this time. */
const VERIFY_TIMEOUT_MS = 60_000;

type Done = (error: unknown, user?: Express.User | false | null, info?: object | string) => void;

/**
 * Calls verify and waits for its answer, by `done` or by a promise. The first answer counts. A
 * promise of `undefined` is no answer: verify uses `done` then.
 *
 * Rejects with the error of verify, as an object, and if there is no answer within a minute.
 */
export function askVerify(verify: (done: Done) => unknown): Promise<Verified> {
  const answer = new Promise<Verified>((resolve, reject) => {
    const fail = (error: unknown) => reject(toErrorObject(error));
    const done: Done = (error, user, info) =>
      error ? fail(error) : resolve({ user: user || null, info });
    try {
      const result = verify(done);
      if (isThenable(result)) {
        Promise.resolve(result).then((value) => {
          if (value !== undefined) resolve(verifiedFrom(value));
        }, fail);
      }
    } catch (error) {
      fail(error);
    }
  });
  return withTimeout(answer, VERIFY_TIMEOUT_MS, () => {
    throw noAnswer();
  });
}

function noAnswer(): Error {
  return new Error(
    `verify did not answer within ${VERIFY_TIMEOUT_MS / 1000} seconds, so the user was not logged in. It must call done(), or return a promise of a user, of false or of null.`,
  );
}

function verifiedFrom(value: unknown): Verified {
  const [user, info] = Array.isArray(value) ? value : [value, undefined];
  return { user: user || null, info };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function';
}
