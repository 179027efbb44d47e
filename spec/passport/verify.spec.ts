import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { askVerify } from '../../lib/passport/verify.js';

const user = { id: 1 };

describe('askVerify', () => {
  it.each<[string, Parameters<typeof askVerify>[0], object]>([
    ['done(null, user)', (done) => done(null, user), { user, info: undefined }],
    ['done(null, user, info)', (done) => done(null, user, { a: 1 }), { user, info: { a: 1 } }],
    ['done(null, false, info)', (done) => done(null, false, 'no'), { user: null, info: 'no' }],
    ['done() called later', (done) => void setImmediate(done, null, user), { user }],
    ['a promise of a user', async () => user, { user }],
    ['a promise of [user, info]', async () => [user, { a: 1 }], { user, info: { a: 1 } }],
    ['a promise of [false, info]', async () => [false, { a: 1 }], { user: null, info: { a: 1 } }],
    ['a promise of false', async () => false, { user: null }],
    ['a promise of null', async () => null, { user: null }],
    // biome-ignore lint/suspicious/noThenProperty: older promise libraries are thenables
    ['a thenable', () => ({ then: (ok: (value: object) => void) => ok(user) }), { user }],
    // The way of NestJS.
    ['a promise of undefined after done', async (done) => done(null, user), { user }],
    [
      'a promise of undefined before done',
      async (done) => void setImmediate(done, null, user),
      { user },
    ],
  ])('accepts %s', async (_form, verify, expected) => {
    expect(await askVerify(verify)).toMatchObject(expected);
  });

  it.each<[string, Parameters<typeof askVerify>[0]]>([
    [
      'done twice',
      (done) => {
        done(null, false);
        done(null, user);
      },
    ],
    [
      'a throw after done',
      (done) => {
        done(null, false);
        throw new Error('too late');
      },
    ],
    [
      'a promise after done',
      async (done) => {
        done(null, false);
        return user;
      },
    ],
  ])('accepts the first answer only: %s', async (_form, verify) => {
    expect(await askVerify(verify)).toMatchObject({ user: null });
  });

  it.each<[string, Parameters<typeof askVerify>[0]]>([
    ['done(error)', (done) => done(new Error('broken'))],
    ['done(error, user)', (done) => done(new Error('broken'), user)],
    [
      'a throw',
      () => {
        throw new Error('broken');
      },
    ],
    [
      'a rejection',
      async () => {
        throw new Error('broken');
      },
    ],
  ])('rejects with the error of %s', async (_form, verify) => {
    await expect(askVerify(verify)).rejects.toThrow('broken');
  });

  // next(undefined) continues and next('route') skips guards, so both would let the request through.
  it.each([undefined, null, 0, '', false, 'route', 'router', 42, Symbol('x')])(
    'turns a thrown %s into an Error',
    async (thrown) => {
      const threw = askVerify(() => {
        throw thrown;
      });
      const rejected = askVerify(() => Promise.reject(thrown));
      await expect(threw).rejects.toBeInstanceOf(Error);
      await expect(rejected).rejects.toBeInstanceOf(Error);
    },
  );

  it("turns done('route') into an Error", async () => {
    await expect(askVerify((done) => done('route'))).rejects.toBeInstanceOf(Error);
  });

  it('keeps an error object that is not an Error', async () => {
    const thrown = { status: 403 };
    await expect(askVerify(() => Promise.reject(thrown))).rejects.toBe(thrown);
  });

  it.each<[string, Parameters<typeof askVerify>[0]]>([
    ['nothing', () => {}],
    ['a promise of undefined', async () => {}],
    ['a promise that stays pending', () => new Promise(() => {})],
  ])('rejects after a minute without an answer from %s', async (_what, verify) => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const asked = expect(askVerify(verify)).rejects.toThrow(/verify did not answer .* done\(\)/);
    vi.advanceTimersByTime(60_000);
    await asked;
  });
});
