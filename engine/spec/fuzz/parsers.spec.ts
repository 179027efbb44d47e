import { connect, isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nearly, RUNS, textLike } from '../../../spec/support/fuzz.js';
import { decodeBase64 } from '../../lib/crypto/base64.js';
import { readEcPublicKey } from '../../lib/crypto/ec.js';
import { MemoryData } from '../../lib/data/memory/data.js';
import { Address } from '../../lib/domain/address.js';
import { showBrowser } from '../../lib/domain/browsers.js';
import { Pairings } from '../../lib/domain/pairings.js';
import { readSubscription } from '../../lib/domain/push-subscriptions.js';
import { isRefused } from '../../lib/domain/refusals.js';
import { parseSecretText } from '../../lib/domain/secret-text.js';
import { verifyAssertion, verifyRegistration } from '../../lib/domain/webauthn.js';
import { DeviceError } from '../../lib/http/device/device-error.js';
import { readSignature } from '../../lib/http/device/signature.js';
import { parseBrowser } from '../../lib/http/v1/browser.js';
import { CallRefusal } from '../../lib/http/v1/call-refusal.js';
import { optionalBoolean, optionalText } from '../../lib/http/v1/parameters.js';
import { parsePolicy } from '../../lib/http/v1/policy.js';
import { preferredWait } from '../../lib/http/v1/prefer.js';
import { OutgoingGuard } from '../../lib/util/outgoing-guard.js';
import { launchkeyTime, parseTime } from '../../lib/util/time.js';
import { Authenticator } from '../support/authenticator.js';
import { start } from '../support/engine.js';

const TIMEOUT = 30_000 + RUNS * 20;

describe('a parser that is given any bytes', { timeout: TIMEOUT }, () => {
  it('accepts a device signature of the one valid form, and rejects others', () => {
    const input = textLike(
      'launchkey=("@method" "@target-uri");created=1700000000;nonce="0123456789abcdef";alg="ecdsa-p256-sha256";keyid="key"',
      'launchkey=("@method" "@target-uri" "content-digest");created=1;nonce="0123456789abcdef_-";alg="ecdsa-p256-sha256";keyid="k"',
    );
    const signature = textLike(`launchkey=:${'A'.repeat(86)}==:`);
    const digest = textLike('sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:');
    const body = fc.oneof(fc.constant(new Uint8Array()), fc.uint8Array({ maxLength: 8 }));
    fc.assert(
      fc.property(input, signature, digest, body, (a, b, c, bytes) => {
        const headers = { 'signature-input': a, signature: b, 'content-digest': c };
        const parts = { method: 'POST', targetUri: 'https://e.example/x', body: bytes, headers };
        try {
          const read = readSignature(parts);
          expect(Number.isSafeInteger(read.created)).toBe(true);
          // What was signed covers all that was sent: the last line is the header as it came.
          expect(read.base.endsWith(`"@signature-params": ${a.slice('launchkey='.length)}`)).toBe(
            true,
          );
          if (bytes.length > 0) expect(read.base).toContain(`"content-digest": ${c}`);
        } catch (error) {
          expect(error).toBeInstanceOf(DeviceError);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('reads two texts from an envelope, or nothing', () => {
    const text = textLike(
      `{"secret":"abcdefghijklmnopqrstuvwxyz012345","stamped":"2026-01-02 03:04:05"}`,
      `{'secret': 'abc\\'d', 'stamped': u'2026-01-02 03:04:05'}`,
      `{"stamped": "x", 'secret': "y"}`,
      `{${"'a': 'b', ".repeat(20)}'secret': 'x', 'stamped': 'y'}`,
    );
    fc.assert(
      fc.property(text, (given) => {
        const read = parseSecretText(given);
        if (read === undefined) return;
        expect([typeof read.secret, typeof read.stamped]).toEqual(['string', 'string']);
      }),
      { numRuns: RUNS },
    );
  });

  it('reads back a dictionary as Python prints it', () => {
    const printable = fc.string({ maxLength: 40 });
    const repr = (text: string) => `'${text.replace(/[\\']/g, '\\$&')}'`;
    fc.assert(
      fc.property(printable, printable, (secret, stamped) => {
        const given = `{'secret': ${repr(secret)}, u'stamped': ${repr(stamped)}}`;
        expect(parseSecretText(given)).toEqual({ secret, stamped });
      }),
      { numRuns: RUNS },
    );
  });

  it('reads the browser of a request completely, or names the fault', () => {
    const text = textLike(
      '{"address":"2001:db8::1","user_agent":"Mozilla/5.0 (X11; Linux) Chrome/1","known":true,"id":"x"}',
    );
    fc.assert(
      fc.property(text, (input) => {
        const browser = parseBrowser(input);
        if (typeof browser === 'string') return;
        const { address, name, known } = showBrowser(browser);
        if (address !== undefined) expect(isIP(address)).not.toBe(0);
        expect(['boolean', 'undefined']).toContain(typeof known);
        expect(String(name).length).toBeLessThan(40);
      }),
      { numRuns: RUNS },
    );
  });

  it('reads a policy completely, or names the fault', () => {
    const number = fc.oneof(
      fc.integer({ min: -2, max: 7 }),
      fc.double(),
      fc.string({ maxLength: 3 }),
    );
    const shaped = fc.record(
      {
        minimum_requirements: fc.oneof(
          fc.array(
            fc.record(
              {
                requirement: fc.constantFrom('authenticated', 'x'),
                all: number,
                knowledge: number,
              },
              { requiredKeys: [] },
            ),
            { maxLength: 2 },
          ),
          fc.jsonValue(),
        ),
        factors: fc.oneof(
          fc.array(
            fc.record({
              factor: fc.constantFrom('geofence', 'x'),
              attributes: fc.record({
                locations: fc.array(
                  fc.record({ radius: number, latitude: number, longitude: number }),
                  { maxLength: 3 },
                ),
              }),
            }),
            { maxLength: 2 },
          ),
          fc.jsonValue(),
        ),
      },
      { requiredKeys: [] },
    );
    const text = fc.oneof(
      shaped.map((value) => JSON.stringify(value)),
      fc.json(),
      textLike('{}'),
    );
    fc.assert(
      fc.property(text, (given) => {
        const read = parsePolicy(given);
        if (typeof read === 'string') {
          expect(read).not.toBe('');
          return;
        }
        const { all, knowledge, inherence, possession } = read.minimumRequirements;
        for (const count of [all, knowledge, inherence, possession]) {
          expect(Number.isInteger(count) && count >= 0 && count <= 5).toBe(true);
        }
        for (const place of read.locations) {
          expect(place.radius > 0 && Math.abs(place.latitude) <= 90).toBe(true);
          expect(Number.isFinite(place.radius) && Math.abs(place.longitude) <= 180).toBe(true);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('reads back a time that it wrote, and nothing else', () => {
    const moment = fc.integer({ min: 0, max: 253_402_300_799 });
    fc.assert(
      fc.property(
        moment,
        textLike('2026-02-28 23:59:59', '2026-02-28T23:59:59.123456Z'),
        (seconds, text) => {
          expect(parseTime(launchkeyTime(seconds * 1000))).toBe(seconds * 1000);
          const read = parseTime(text);
          if (read !== undefined) expect(text.replace('T', ' ')).toContain(launchkeyTime(read));
        },
      ),
      { numRuns: RUNS },
    );
  });

  it('base64 is of the length that it must have, whatever a query made of its plus signs', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 256 }),
        textLike('QUJD REVG'),
        (bytes, text) => {
          const written = Buffer.from(bytes).toString('base64');
          const mangled = written.replaceAll('+', ' ').replace(/.{64}/g, '$&\r\n');
          expect(decodeBase64(mangled, bytes.length)).toEqual(Buffer.from(bytes));
          expect([undefined, 6]).toContain(decodeBase64(text, 6)?.length);
        },
      ),
      { numRuns: RUNS },
    );
  });

  it('reads a parameter as a text or a boolean, or rejects it', () => {
    const value = fc.oneof(fc.anything(), fc.constantFrom('True', '0', 'FALSE', ['1', '1']));
    fc.assert(
      fc.property(value, (given) => {
        for (const read of [
          optionalBoolean,
          (p: object, n: string) => optionalText(p as never, n, 20),
        ]) {
          try {
            expect(['undefined', 'boolean', 'string']).toContain(typeof read({ x: given }, 'x'));
          } catch (error) {
            expect(error).toBeInstanceOf(CallRefusal);
          }
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('reads no wait of more than a minute', () => {
    const header = textLike('respond-async, wait=25', 'wait="10"; x', `wait=${'9'.repeat(40)}`);
    fc.assert(
      fc.property(fc.oneof(header, fc.array(header, { maxLength: 3 })), (given) => {
        const seconds = preferredWait(given);
        expect(Number.isInteger(seconds) && seconds >= 0 && seconds <= 60).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });

  it('accepts a device key only if it is a point of the curve', () => {
    const coordinate = textLike(
      'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
      'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
    );
    const key = fc.record(
      {
        kty: fc.constantFrom('EC', 'RSA'),
        crv: fc.constantFrom('P-256', 'P-384'),
        x: coordinate,
        y: coordinate,
        d: coordinate,
      },
      { requiredKeys: ['kty', 'crv'] },
    );
    fc.assert(
      fc.property(fc.oneof(key, fc.anything()), (given) => {
        const read = readEcPublicKey(given);
        if (read !== undefined) expect(Object.keys(read).sort()).toEqual(['crv', 'kty', 'x', 'y']);
      }),
      { numRuns: RUNS },
    );
  });

  it('accepts a push subscription only at a public address over TLS', () => {
    const guard = new OutgoingGuard([]);
    const endpoint = textLike(
      'https://push.example.com/a?b',
      'https://192.168.1.1/x',
      'https://0x7f.1:8443/',
      'https://[::ffff:127.0.0.1]/',
    );
    const p256dh = textLike(
      'BH_NzidwyvsQdQYPLvbbS3tYBzM1enuTrPbvObzxUVRUx_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
    );
    const keys = fc.record({ p256dh, auth: textLike('BTBZMqHH6r4Tts7J_aSIgg') });
    const subscription = fc.record({ endpoint, keys: fc.oneof(keys, fc.jsonValue()) });
    fc.assert(
      fc.property(fc.oneof(subscription, fc.jsonValue()), (given) => {
        const read = readSubscription(given, guard);
        if (isRefused(read)) {
          expect(read.member).toMatch(/^subscription\./);
          return;
        }
        const { protocol, username, password, hostname } = new URL(read.endpoint);
        expect([protocol, username, password]).toEqual(['https:', '', '']);
        const host = hostname.replace(/^\[|\]$/g, '');
        expect(isIP(host) === 0 || guard.allows(host)).toBe(true);
        expect(Buffer.from(read.p256dh, 'base64url')).toHaveLength(65);
        expect(Buffer.from(read.auth, 'base64url')).toHaveLength(16);
      }),
      { numRuns: RUNS },
    );
  });

  it('accepts a pairing code in every spelling, and no other code', async () => {
    let now = 0;
    const pairings = new Pairings(new MemoryData(), () => now, new Address('https://e.example'));
    const typed = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.constantFrom('code', 'link').chain((kind) => nearly([kind])),
      fc.array(fc.tuple(fc.nat(9), fc.constantFrom(' ', '-', '\t', 'i', '\u0131', '0')), {
        maxLength: 3,
      }),
    );
    await fc.assert(
      fc.asyncProperty(typed, fc.boolean(), async (given, lower) => {
        // So that no try is one too many.
        now += 1000;
        const { code, url } = await pairings.offer('alice');
        const link = url.slice(url.indexOf('=') + 1);
        const spelt = lower ? code.toLowerCase() : code;
        const text =
          typeof given === 'string'
            ? given.replace('code', spelt).replace('link', link)
            : given.reduce((now, [at, put]) => now.slice(0, at) + put + now.slice(at), spelt);
        const taken = await pairings.take(text);
        const right = text === link || text.toUpperCase().replace(/[\s-]/g, '') === code;
        const unknown = { refused: 'unknown_code' };
        expect(taken).toEqual(right ? expect.objectContaining({ userId: 'alice' }) : unknown);
        expect(await pairings.take(text)).toEqual(unknown);
      }),
      { numRuns: RUNS },
    );
  });

  it('accepts a WebAuthn response only unchanged', async () => {
    const party = { origin: 'https://e.example' };
    const challenge = Buffer.alloc(32, 1).toString('base64url');
    const authenticator = new Authenticator();
    const created = authenticator.create(challenge, party) as WebAuthnResponse;
    const credential = await verifyRegistration(party, challenge, created);
    if (!credential) throw new Error('The authenticator of the test makes no credential.');
    const got = authenticator.get(challenge, party) as WebAuthnResponse;
    const member = fc.constantFrom(
      'clientDataJSON',
      'attestationObject',
      'authenticatorData',
      'signature',
    );
    const edit = fc.record({
      at: fc.nat(200),
      length: fc.nat(3),
      put: fc.uint8Array({ maxLength: 4 }),
    });
    const other = fc.oneof(fc.jsonValue(), fc.record({ id: fc.constant(got.id) }));
    await fc.assert(
      fc.asyncProperty(
        member,
        edit,
        other,
        fc.boolean(),
        async (name, { at, length, put }, whole, replaced) => {
          const altered = (response: WebAuthnResponse): WebAuthnResponse => {
            if (replaced) return whole as never;
            const bytes = Buffer.from(response.response[name] ?? '', 'base64url');
            const from = at % (bytes.length + 1);
            const parts = [bytes.subarray(0, from), put, bytes.subarray(from + length)];
            const text = Buffer.concat(parts).toString('base64url');
            return { ...response, response: { ...response.response, [name]: text } };
          };
          const registered = await verifyRegistration(party, challenge, altered(created));
          if (registered) expect(registered.credentialId).toEqual(expect.any(String));
          const response = altered(got);
          const counter = await verifyAssertion(party, challenge, credential, response);
          // Its signature covers all of it but the encoding of the signature itself.
          const { clientDataJSON, authenticatorData } = got.response;
          if (counter !== undefined) {
            expect(response.response).toMatchObject({ clientDataJSON, authenticatorData });
          }
        },
      ),
      // Each verifies signatures.
      { numRuns: Math.ceil(RUNS / 10) },
    );
  });

  it('responds or closes the connection, and serves the next client', async () => {
    const { application } = await start({ trustedProxies: ['127.0.0.1'] });
    const { hostname, port } = new URL(application.url);
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 400 }).map((given) => Buffer.from(given)),
      textLike(
        'POST /v1/auths HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{"app_key":1}',
        'POST /v1/poll?METHOD=GET HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 60\r\n\r\n--b\r\nContent-Disposition: form-data; name="app_key"\r\n\r\n1\r\n--b--\r\n',
        'POST /authenticator/api/pair HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 10.0.0.1, ::1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: localhost\r\nX-Request-Id: a\r\nContent-Length: 0\r\n\r\n',
        'GET /authenticator/api/state HTTP/1.1\r\nHost: x\r\nAuthorization: LaunchKey-Device x\r\nSignature: launchkey=:A:\r\n\r\n',
        'POST /authenticator/api/pair HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}',
      ).map((text) => Buffer.from(text)),
    );
    await fc.assert(
      fc.asyncProperty(bytes, async (given) => {
        const answer = await send(Number(port), hostname, given);
        if (answer) expect(answer).toMatch(/^HTTP\/1\.1 [1-4]\d\d /);
      }),
      // Each takes a connection.
      { numRuns: Math.ceil(RUNS / 20) },
    );
    const ping = await fetch(`${application.url}/ping`);
    expect(ping.status).toBe(200);
  });
});

/** What a page sends of a credential, in base64url. */
interface WebAuthnResponse {
  id: string;
  response: Record<string, string>;
}

/** Sends bytes, says that there are no more, and gives what came back until the connection ended. */
function send(port: number, host: string, bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(port, host, () => socket.end(bytes));
    socket.setEncoding('latin1');
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(answer));
  });
}
