import { describe, expect, it } from 'vitest';
import * as errors from '../../lib/errors.js';
import { FakeEngine, refusal, TOKEN } from '../support/fake-engine.js';

const {
  EngineError,
  ExpiredAuthRequestError,
  InvalidCredentialsError,
  InvalidRequestError,
  InvalidSignatureError,
  NoPairedDevicesError,
  NoSuchUserError,
  RateLimitExceededError,
  UnknownAuthRequestError,
} = errors;

type Row = [code: number, type: new (...args: never[]) => Error, errorCode: string];

/** With the name of the class, for the title of the test. */
const named = (rows: Row[]) =>
  rows.map(([code, type, errorCode]) => [code, type.name, type, errorCode] as const);

const auths: Row[] = [
  [40421, InvalidRequestError, 'LAUNCHKEY_INVALID_REQUEST'],
  [40422, InvalidCredentialsError, 'LAUNCHKEY_INVALID_CREDENTIALS'],
  [40423, InvalidCredentialsError, 'LAUNCHKEY_INVALID_CREDENTIALS'],
  [40424, NoPairedDevicesError, 'LAUNCHKEY_NO_PAIRED_DEVICES'],
  [40425, InvalidCredentialsError, 'LAUNCHKEY_INVALID_CREDENTIALS'],
  [40426, NoSuchUserError, 'LAUNCHKEY_NO_SUCH_USER'],
  [40428, InvalidSignatureError, 'LAUNCHKEY_INVALID_SIGNATURE'],
  [40429, InvalidCredentialsError, 'LAUNCHKEY_INVALID_CREDENTIALS'],
  [40431, ExpiredAuthRequestError, 'LAUNCHKEY_STALE_STAMP'],
  [40432, InvalidSignatureError, 'LAUNCHKEY_INVALID_SIGNATURE'],
  [40433, InvalidRequestError, 'LAUNCHKEY_INVALID_REQUEST'],
  [40434, InvalidRequestError, 'LAUNCHKEY_INVALID_REQUEST'],
  [40435, InvalidCredentialsError, 'LAUNCHKEY_INVALID_CREDENTIALS'],
  [40436, RateLimitExceededError, 'LAUNCHKEY_RATE_LIMIT_EXCEEDED'],
  [40437, InvalidRequestError, 'LAUNCHKEY_INVALID_REQUEST'],
  [40499, EngineError, 'LAUNCHKEY_ENGINE'],
];

/** On the other calls: a code with a meaning of its own, or the meaning that it has on `auths`. */
const others: Row[] = [
  [70401, InvalidRequestError, 'LAUNCHKEY_INVALID_REQUEST'],
  [70402, UnknownAuthRequestError, 'LAUNCHKEY_UNKNOWN_AUTH_REQUEST'],
  [70404, ExpiredAuthRequestError, 'LAUNCHKEY_EXPIRED_AUTH_REQUEST'],
  [70422, InvalidCredentialsError, 'LAUNCHKEY_INVALID_CREDENTIALS'],
  [70428, InvalidSignatureError, 'LAUNCHKEY_INVALID_SIGNATURE'],
  [70431, ExpiredAuthRequestError, 'LAUNCHKEY_STALE_STAMP'],
  [70436, RateLimitExceededError, 'LAUNCHKEY_RATE_LIMIT_EXCEEDED'],
  [70499, EngineError, 'LAUNCHKEY_ENGINE'],
  [50441, InvalidRequestError, 'LAUNCHKEY_INVALID_REQUEST'],
  [50442, InvalidCredentialsError, 'LAUNCHKEY_INVALID_CREDENTIALS'],
  [50443, InvalidCredentialsError, 'LAUNCHKEY_INVALID_CREDENTIALS'],
  [50444, InvalidCredentialsError, 'LAUNCHKEY_INVALID_CREDENTIALS'],
  [50445, InvalidCredentialsError, 'LAUNCHKEY_INVALID_CREDENTIALS'],
  [50446, InvalidRequestError, 'LAUNCHKEY_INVALID_REQUEST'],
  [50447, InvalidCredentialsError, 'LAUNCHKEY_INVALID_CREDENTIALS'],
  [50448, InvalidSignatureError, 'LAUNCHKEY_INVALID_SIGNATURE'],
  [50449, InvalidCredentialsError, 'LAUNCHKEY_INVALID_CREDENTIALS'],
  [50451, ExpiredAuthRequestError, 'LAUNCHKEY_STALE_STAMP'],
  [50452, InvalidSignatureError, 'LAUNCHKEY_INVALID_SIGNATURE'],
  [50453, InvalidSignatureError, 'LAUNCHKEY_INVALID_SIGNATURE'],
  [50454, InvalidRequestError, 'LAUNCHKEY_INVALID_REQUEST'],
  [50455, EngineError, 'LAUNCHKEY_ENGINE'],
  [50456, UnknownAuthRequestError, 'LAUNCHKEY_UNKNOWN_AUTH_REQUEST'],
  [50457, InvalidRequestError, 'LAUNCHKEY_INVALID_REQUEST'],
  [60401, InvalidRequestError, 'LAUNCHKEY_INVALID_REQUEST'],
];

describe('message code', () => {
  it.each(named(auths))('%i of auths becomes %s', async (code, _, type, errorCode) => {
    await using(async (engine) => {
      engine.on = ({ path }) => (path === '/auths' ? refusal(code, 'no', 403) : undefined);
      const error = await engine
        .client()
        .authorize('alice')
        .catch((caught) => caught);
      expect(error).toBeInstanceOf(type);
      expect(error).toMatchObject({ code: errorCode, messageCode: code, status: 403 });
      expect(error.retryable).toBe(code === 40436);
    });
  });

  it.each(named(others))('%i of another call becomes %s', async (code, _, type, errorCode) => {
    await using(async (engine) => {
      engine.on = ({ path }) => (path === '/poll' ? refusal(code) : undefined);
      const error = await engine
        .client()
        .pollRequest(TOKEN)
        .catch((caught) => caught);
      expect(error).toBeInstanceOf(type);
      expect(error).toMatchObject({ code: errorCode, messageCode: code, status: 400 });
    });
  });

  it('60401 of ping becomes an InvalidRequestError', async () => {
    await using(async (engine) => {
      engine.on = () => refusal(60401);
      await expect(engine.client().ping()).rejects.toThrow(InvalidRequestError);
    });
  });

  it('70403 makes pollRequest() return null', async () => {
    await using(async (engine) => {
      engine.on = ({ path }) => (path === '/poll' ? refusal(70403, 'pending response') : undefined);
      expect(await engine.client().pollRequest(TOKEN)).toBeNull();
    });
  });

  it.each([50441, 50442, 50446, 50448, 50456, 50457, 50499])(
    '%i of logs makes logout() return false',
    async (code) => {
      await using(async (engine) => {
        engine.on = ({ path }) => (path === '/logs' ? refusal(code) : undefined);
        expect(await engine.client().logout(TOKEN)).toBe(false);
      });
    },
  );
});

describe('every error class', () => {
  const classes = Object.entries(errors).filter(([name]) => name.endsWith('Error'));

  it.each(classes)('%s is a LaunchKeyError with a name and a code of its own', (name, type) => {
    const error =
      type === errors.ConfigurationError
        ? new errors.ConfigurationError('option', 'is wrong')
        : new (type as typeof errors.EngineError)('message');
    expect(error).toBeInstanceOf(errors.LaunchKeyError);
    expect(error.name).toBe(name);
    expect(error.code).toMatch(/^LAUNCHKEY_[A-Z_]+$/);
    expect(error.stack).toContain(name);
    expect(JSON.parse(JSON.stringify(error))).toMatchObject({ name, code: error.code });
  });

  it('has a code that differs from all others', () => {
    const codes = classes.map(([, type]) => new (type as typeof errors.EngineError)('').code);
    expect(new Set(codes).size).toBe(classes.length);
  });
});

async function using(test: (engine: FakeEngine) => Promise<void>): Promise<void> {
  const engine = await FakeEngine.start();
  try {
    await test(engine);
  } finally {
    await engine.close();
  }
}
