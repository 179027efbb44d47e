/** What verify said: the user, or `null` for none. */
export interface Verified {
  user: Express.User | null;
  info: object | string | undefined;
}

type Done = (error: unknown, user?: Express.User | false | null, info?: object | string) => void;

/**
 * Calls verify and waits for its answer, by `done` or by a promise, whichever comes first; what
 * comes after it changes nothing. A promise of `undefined` says nothing: `done` is to follow.
 *
 * Rejects with whatever was thrown, as an object: Passport hands an error to `next`, where
 * `undefined` means "go on" and `'route'` "skip what guards this route".
 */
export function askVerify(verify: (done: Done) => unknown): Promise<Verified> {
  return new Promise((resolve, reject) => {
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
  });
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
