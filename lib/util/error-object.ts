/**
 * Returns a thrown value if it is an object, and an `Error` that describes it otherwise. Passport
 * and Express hand errors to `next`, where `undefined` lets a request through and `'route'` skips
 * the handlers that guard it.
 */
export function toErrorObject(thrown: unknown): object {
  if ((typeof thrown === 'object' && thrown !== null) || typeof thrown === 'function') {
    return thrown;
  }
  const shown = typeof thrown === 'string' ? `'${thrown}'` : String(thrown);
  return new Error(`The login failed because ${shown} was thrown, which is not an Error object.`);
}
