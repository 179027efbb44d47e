import { KeyObject } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { openAuthPackage } from '../../lib/client/auth-package.js';
import { EngineClock } from '../../lib/client/engine-clock.js';
import { readEvent } from '../../lib/client/events.js';
import { redactor } from '../../lib/client/redaction.js';
import { parseObject, readResponse } from '../../lib/client/response.js';
import { readPrivateKey, readPublicKey } from '../../lib/crypto/keys.js';
import { encryptOaep, OaepDecrypter } from '../../lib/crypto/rsa.js';
import { ConfigurationError, LaunchKeyError } from '../../lib/errors.js';
import { decodeBase64 } from '../../lib/util/base64.js';
import { formatTime, parseTime } from '../../lib/util/time.js';
import { readBodyFields } from '../../lib/web/body.js';
import { readField } from '../../lib/web/request.js';
import { isSameOrigin } from '../../lib/web/same-origin.js';
import { RUNS, textLike } from '../support/fuzz.js';
import { makePair, type Pair } from '../support/keys.js';

const SECRET = 'a-secret-that-must-not-come-back';
const TIMEOUT = 30_000 + RUNS * 20;

let pair: Pair;
beforeAll(() => {
  pair = makePair();
});

/** The result of a parser for an input, or the error that it threw. */
function outcome<T>(parse: () => T): { value: T } | { error: unknown } {
  try {
    return { value: parse() };
  } catch (error) {
    return { error };
  }
}

describe('the parsers, for any input', { timeout: TIMEOUT }, () => {
  it('read a reply as an object, or throw a LaunchKeyError without secrets', () => {
    const status = fc.oneof(fc.integer({ min: 100, max: 999 }), fc.constantFrom(200, 400, 502));
    const body = textLike(
      `{"auth_request":"abc","message":"${SECRET}"}`,
      `{"successful":false,"status_code":400,"message":{"a":["${SECRET}"]},"message_code":70403,"response":""}`,
      `{"successful":true,"status_code":200,"message":"","message_code":50,"response":{"auth":"AAAA","user_hash":"h"}}`,
      `<html>${SECRET}</html>`,
    );
    fc.assert(
      fc.property(status, body, (code, text) => {
        const read = outcome(() =>
          readResponse({ status: code, body: text, held: false }, redactor(SECRET)),
        );
        if ('value' in read) {
          expect(typeof read.value.data).toBe('object');
          expect(read.value.data).not.toBeNull();
          expect(typeof read.value.pending).toBe('boolean');
          return;
        }
        expect(read.error).toBeInstanceOf(LaunchKeyError);
        expect(JSON.stringify(read.error) + String(read.error)).not.toContain(SECRET);
      }),
      { numRuns: RUNS },
    );
  });

  it('read an object as JSON.parse does, and nothing else', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), textLike('{"a":{"__proto__":{"b":1}}}', '[]')), (text) => {
        const read = parseObject(text);
        if (read === null) return;
        expect(JSON.stringify(read)).toBe(JSON.stringify(JSON.parse(text.replace(/^\uFEFF/, ''))));
        expect(Array.isArray(read)).toBe(false);
      }),
      { numRuns: RUNS },
    );
  });

  it('read each formatted time, and return null for other text', () => {
    const moment = fc.date({
      min: new Date('1970-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59Z'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(
        moment,
        textLike('2026-02-28 23:59:59', '2026-02-28T23:59:59.123456+02:00'),
        (date, text) => {
          const seconds = Math.floor(date.getTime() / 1000) * 1000;
          expect(parseTime(formatTime(seconds))?.getTime()).toBe(seconds);
          const read = parseTime(text);
          expect(read === null || !Number.isNaN(read.getTime())).toBe(true);
        },
      ),
      { numRuns: RUNS },
    );
  });

  it('read base64 with any line breaks, and never more bytes than allowed', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 256 }),
        fc.nat(80),
        textLike('QUJD\r\nREVG'),
        (bytes, width, text) => {
          const written = Buffer.from(bytes).toString('base64');
          const broken = written.replace(new RegExp(`.{${width + 4}}`, 'g'), '$&\r\n');
          expect(decodeBase64(broken.replaceAll('/', '\\/'), 256)).toEqual(Buffer.from(bytes));
          expect(decodeBase64(text, 16)?.length ?? 0).toBeLessThanOrEqual(16);
        },
      ),
      { numRuns: RUNS },
    );
  });

  it('read an event, or throw an InvalidCallbackError', () => {
    const value = fc.oneof(fc.string(), fc.array(fc.string(), { maxLength: 2 }), fc.anything());
    const name = fc.constantFrom(
      'auth',
      'auth_request',
      'user_hash',
      'deorbit',
      'clear',
      'signature',
      '__proto__',
      'user_push_id',
      'organization_user',
    );
    const params = fc.array(fc.tuple(name, value), { maxLength: 8 });
    const clock = new EngineClock(() => Promise.reject(new Error('Reading an event sent a ping')));
    fc.assert(
      fc.property(params, fc.boolean(), (pairs, asSearch) => {
        const given = asSearch
          ? new URLSearchParams(
              pairs.map(([key, one]): [string, string] => [
                key,
                typeof one === 'string' ? one : 'x',
              ]),
            )
          : Object.fromEntries(pairs);
        const read = outcome(() => readEvent(given, clock));
        if ('error' in read) {
          expect(read.error).toMatchObject({ code: 'LAUNCHKEY_INVALID_CALLBACK' });
        } else if (read.value.type === 'auth') {
          expect(read.value.auth).toEqual(expect.any(String));
          expect(read.value.authRequest).toEqual(expect.any(String));
        } else {
          expect(read.value).toEqual({ type: 'logout', verify: expect.any(Function) });
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('read a public key as an RSA key of at least 2048 bits, or return null', () => {
    fc.assert(
      fc.property(textLike(pair.publicPem, pair.publicPem.replaceAll('\n', '\r\n\r\n')), (text) => {
        const key = readPublicKey(text);
        if (key === null) return;
        expect(key.asymmetricKeyType).toBe('rsa');
        expect(key.asymmetricKeyDetails?.modulusLength).toBeGreaterThanOrEqual(2048);
      }),
      { numRuns: RUNS },
    );
  });

  it('read a private key, or throw an error that quotes no line of it', () => {
    const lines = pair.privatePem
      .split('\n')
      .filter((line) => line.length > 30 && !line.includes('-'));
    fc.assert(
      fc.property(textLike(pair.privatePem), (text) => {
        const read = outcome(() => readPrivateKey(text));
        if ('value' in read) {
          expect(read.value).toBeInstanceOf(KeyObject);
          return;
        }
        expect(read.error).toBeInstanceOf(ConfigurationError);
        expect(lines.filter((line) => String(read.error).includes(line))).toEqual([]);
      }),
      // Reading a whole key takes a millisecond.
      { numRuns: Math.ceil(RUNS / 10) },
    );
  });

  it('read an auth package, or throw an error that does not quote it', async () => {
    const decrypter = new OaepDecrypter(pair.privateKey);
    const plain = textLike(
      `{"auth_request":"${SECRET}","response":"true","device_id":"1","app_pins":"1,,2"}`,
      `{"auth_request":"${SECRET}","action":"False"}`,
    );
    await fc.assert(
      fc.asyncProperty(plain, async (text) => {
        const bytes = Buffer.from(text).subarray(0, 200);
        const auth = encryptOaep(pair.publicKey, bytes).toString('base64');
        const read = await openAuthPackage(auth, decrypter).catch((error: unknown) => ({ error }));
        if ('error' in read) {
          expect(read.error).toMatchObject({ code: 'LAUNCHKEY_INVALID_RESPONSE' });
          expect(String(read.error)).not.toContain(SECRET);
        } else if (read.response) {
          const { response, action } = JSON.parse(bytes.toString().replace(/^\uFEFF/, ''));
          expect(String(response ?? action).toLowerCase()).toBe('true');
        }
      }),
      // Each costs an operation with the private key.
      { numRuns: Math.ceil(RUNS / 10) },
    );
  });

  it('read the fields of a body, or throw an error', async () => {
    await fc.assert(
      fc.asyncProperty(textLike('a=1&b=2&a=%zz', ' {"a":{"b":[1]}}'), async (text) => {
        const read = await readBodyFields({ body: text }).then(
          (fields) => [...fields],
          (error: unknown) => error,
        );
        if (read instanceof Error) {
          expect(read).toBeInstanceOf(SyntaxError);
          return;
        }
        for (const [name] of read as [string, unknown][]) expect(typeof name).toBe('string');
      }),
      { numRuns: RUNS },
    );
  });

  it('find only fields that the request itself has', () => {
    const field = fc.oneof(
      fc.string(),
      fc.constantFrom('a[b]', '__proto__', 'constructor', 'a[__proto__][x]', 'toString'),
    );
    fc.assert(
      fc.property(fc.anything(), fc.anything(), field, (body, query, name) => {
        const found = readField({ body, query } as never, name);
        expect(found === Object.prototype || typeof found === 'function').toBe(false);
      }),
      { numRuns: RUNS },
    );
  });

  it('accept a form only if the browser says that it is from this site', () => {
    const origin = fc.oneof(fc.webUrl(), textLike('https://app.example.com', 'null'));
    const site = fc.option(textLike('same-origin', 'cross-site', 'none'), { nil: undefined });
    fc.assert(
      fc.property(site, origin, (secFetchSite, from) => {
        const headers = { 'sec-fetch-site': secFetchSite, origin: from, host: 'app.example.com' };
        const says =
          secFetchSite === undefined
            ? /^https?:\/\/app\.example\.com$/.test(from)
            : ['same-origin', 'none'].includes(secFetchSite);
        expect(isSameOrigin({ headers })).toBe(says);
      }),
      { numRuns: RUNS },
    );
  });
});
