/** What verify said: the user, or `null` for none. */
export interface Verified {
  user: Express.User | null;
  info: object | string | undefined;
}

/** How long verify may take, in milliseconds. */
const PATIENCE = 60_000;

type Done = (error: unknown, user?: Express.User | false | null, info?: object | string) => void;

/**
 * Calls verify and waits for its answer, by `done` or by a promise, whichever comes first; what
 * comes after it changes nothing. A promise of `undefined` says nothing: `done` is to follow.
 *
 * Rejects where there is no answer within a minute, and with whatever was thrown, as an object:
 * Passport hands an error to `next`, where `undefined` means "go on" and `'route'` "skip what guards this route".
 */
export function askVerify(verify: (done: Done) => unknown): Promise<Verified> {
  let timer: NodeJS.Timeout | undefined;
  const answer = new Promise<Verified>((resolve, reject) => {
    const refuse = (error: unknown) => reject(asThrowable(error));
    const done: Done = (error, user, info) =>
      error ? refuse(error) : resolve({ user: user || null, info });
    try {
      const result = verify(done);
      if (isThenable(result)) {
        Promise.resolve(result).then((value) => {
          if (value !== undefined) resolve(verifiedFrom(value));
        }, refuse);
      }
    } catch (error) {
      refuse(error);
    }
    timer = setTimeout(() => refuse(noAnswer()), PATIENCE).unref();
  });
  return answer.finally(() => clearTimeout(timer));
}

function noAnswer(): Error {
  return new Error(
    `verify has not answered within ${PATIENCE / 1000} seconds, so nobody was logged in. It must call done(), or return a promise of a user, of false or of null.`,
  );
}

function verifiedFrom(value: unknown): Verified {
  const [user, info] = Array.isArray(value) ? value : [value, undefined];
  return { user: user || null, info };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function';
}

/** Makes an `Error` of what is not an object, and lets everything else be. */
export function asThrowable(thrown: unknown): object {
  if ((typeof thrown === 'object' && thrown !== null) || typeof thrown === 'function') {
    return thrown;
  }
  return new Error(
    `The login failed with ${typeof thrown === 'string' ? `'${thrown}'` : String(thrown)} instead of an Error.`,
  );
}
