import { describe, expect, it } from 'vitest';
import { Application } from './support/application.js';
import { Device } from './support/device.js';
import { type Clock, type Started, start } from './support/engine.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const KNOWN = { known: true, id: 'home' };

/** A clock that stands still between two requests: a test of an hour must not depend on its own length. */
function standstill(): Clock & { set(time: number): void } {
  let time = Date.now();
  return {
    now: () => time,
    advance: (milliseconds: number) => {
      time += milliseconds;
    },
    set: (to: number) => {
      time = to;
    },
  } as never;
}

async function started() {
  const clock = standstill();
  const { engine, application } = await start({ rateLimit: undefined, clock: clock.now });
  return { engine, application, clock };
}

type Asked = Pick<Started, 'application' | 'clock'>;

/** Asks at the engine's time; returns the token, or the seconds to wait. */
async function ask({ application, clock }: Asked, browser?: object): Promise<string | number> {
  const { status, body, headers } = await application.auths({
    ...(await application.stamped(clock.now())),
    username: 'alice',
    ...(browser && { browser: JSON.stringify(browser) }),
  });
  if (status === 200) return body.auth_request;
  expect(body.message_code).toBe(40436);
  return Number(headers['retry-after']);
}

/** Asks as soon as the engine's answer allows it, and returns the waits in seconds. */
async function askInTime(asked: Asked, count: number, browser?: object): Promise<number[]> {
  const waits: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const wait = await ask(asked, browser);
    waits.push(typeof wait === 'number' ? wait : 0);
    if (typeof wait === 'string') continue;
    asked.clock.advance(wait * SECOND);
    expect(await ask(asked, browser)).toEqual(expect.any(String));
  }
  return waits;
}

describe('the budget of unknown browsers', () => {
  it('lets five requests through, and then one after 1, 2, 4, 8, 16, 32 and each further 60 minutes', async () => {
    const waits = await askInTime(await started(), 13);
    const minutes = waits.slice(5).map((seconds) => seconds / 60);
    expect(minutes).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
  });

  it('is shared by all applications, and by requests with and without a browser', async () => {
    const { engine, application, clock } = await started();
    const other = new Application(engine.url, await engine.createApp({ name: 'Other' }));
    expect(await ask({ application, clock })).toEqual(expect.any(String));
    expect(await ask({ application: other, clock }, { address: '203.0.113.7' })).toBe(5);
  });

  it('begins again after an approval', async () => {
    const all = await started();
    await askInTime(all, 5);
    all.clock.advance(MINUTE);
    const authRequest = await ask(all);
    await all.engine.answer(String(authRequest), true);
    expect(await ask(all)).toEqual(expect.any(String));
    expect(await ask(all)).toBe(5);
  });

  it('has room at once for a request that follows a withdrawn one', async () => {
    const { application, clock } = await started();
    const report = { auth_request: String(await ask({ application, clock })), status: 'True' };
    await application.form('PUT', '/logs', {
      ...(await application.stamped(clock.now())),
      ...report,
      action: 'Withdraw',
    });
    expect(await ask({ application, clock })).toEqual(expect.any(String));
    expect(await ask({ application, clock })).toBe(5);
  });

  it('keeps no wait longer than its own length when the clock is put back', async () => {
    const all = await started();
    const begin = all.clock.now();
    await askInTime(all, 8);
    all.clock.set(begin);
    expect(await ask(all)).toBe(8 * 60);
    all.clock.advance(8 * MINUTE);
    expect(await ask(all)).toEqual(expect.any(String));
  });

  it('is switched off with the rate limit', async () => {
    const clock = standstill();
    const { application } = await start({ rateLimit: false, clock: clock.now });
    for (let index = 0; index < 8; index += 1) {
      expect(await ask({ application, clock })).toEqual(expect.any(String));
    }
  });
});

describe('a login that the user expects', () => {
  async function exhausted() {
    const all = await started();
    const { code } = await all.engine.pairDevice('alice');
    const phone = await Device.paired(all.engine.url, code, all.clock.now);
    await askInTime(all, 8);
    return { ...all, phone };
  }

  it('passes outside the budget once, from any unknown browser', async () => {
    const all = await exhausted();
    const { engine, clock, phone } = all;
    expect((await phone.state()).body.loginExpectedUntil).toBeNull();
    const { status, body } = await phone.post('expect');
    expect([status, body]).toEqual([200, { loginExpectedUntil: clock.now() + 5 * MINUTE }]);
    expect((await phone.state()).body.loginExpectedUntil).toBe(body.loginExpectedUntil);
    clock.advance(5 * MINUTE - 1);
    expect(await ask(all, { address: '203.0.113.7' })).toEqual(expect.any(String));
    expect((await phone.state()).body.loginExpectedUntil).toBeNull();
    expect(await ask(all)).toBeGreaterThan(60);
    const trail = await engine.audit({ username: 'alice' });
    // Refusals are counted and written later.
    const entries = trail.filter(({ kind }) => kind !== 'request.refused');
    expect(entries.slice(0, 2)).toMatchObject([
      { kind: 'request.created', details: { expected: true } },
      { kind: 'login.expected', deviceId: phone.id },
    ]);
  });

  it('does not pass after five minutes', async () => {
    const all = await exhausted();
    const { clock, phone } = all;
    await phone.post('expect');
    clock.advance(5 * MINUTE);
    expect(await ask(all)).toBe(3 * 60);
  });

  it('does not pass during a pause after a report of fraud', async () => {
    const all = await exhausted();
    const { phone } = all;
    expect((await phone.answer(false, { reason: 'fraudulent' })).status).toBe(200);
    await phone.post('expect');
    expect(await ask(all)).toBeGreaterThan(60);
  });
});

describe('a report of fraud', () => {
  async function reported(browser?: object) {
    const all = await started();
    const { code } = await all.engine.pairDevice('alice');
    const phone = await Device.paired(all.engine.url, code, all.clock.now);
    await ask(all, browser);
    const reply = await phone.answer(false, { reason: 'fraudulent' });
    expect(reply.status, reply.text).toBe(200);
    return all;
  }

  it('of an unknown browser pauses unknown browsers, and no known one', async () => {
    const all = await reported({ address: '203.0.113.7' });
    expect(await ask(all)).toBe(5 * 60);
    expect(await ask(all, KNOWN)).toEqual(expect.any(String));
  });

  it('of a known browser pauses it and unknown ones, and no other known one', async () => {
    const all = await reported(KNOWN);
    expect(await ask(all, KNOWN)).toBe(5 * 60);
    expect(await ask(all)).toBe(5 * 60);
    expect(await ask(all, { known: true, id: 'work' })).toEqual(expect.any(String));
    all.clock.advance(5 * MINUTE);
    expect(await ask(all, KNOWN)).toEqual(expect.any(String));
  });
});

describe('an hour of strangers', () => {
  it('leaves known browsers and expected logins their first attempt, and other new browsers wait at most 60 minutes', async () => {
    const all = await started();
    const { engine, clock, application } = all;
    const applications = [application];
    for (let index = 1; index < 5; index += 1) {
      applications.push(
        new Application(engine.url, await engine.createApp({ name: `Shop ${index}` })),
      );
    }
    const attempts: boolean[] = [];
    const begin = clock.now();
    for (let tick = 0; clock.now() < begin + HOUR; tick += 1) {
      const address = `203.0.${113 + Math.floor(tick / 250)}.${tick % 250}`;
      // One of a thousand addresses, one without a browser, and now and then five applications at once.
      await ask(all, { address, known: false });
      await ask(all);
      if (tick % 30 === 0) {
        await Promise.all(applications.map((one) => ask({ application: one, clock })));
        attempts.push(typeof (await ask(all, KNOWN)) === 'string');
      }
      clock.advance(20 * SECOND);
    }
    expect(attempts).toEqual(Array(6).fill(true));
    const { code } = await engine.pairDevice('alice');
    const phone = await Device.paired(engine.url, code, clock.now);
    await phone.post('expect');
    expect(await ask(all, { address: '198.51.100.1', known: false })).toEqual(expect.any(String));
    const open = await ask(all, { address: '198.51.100.1', known: false });
    expect(typeof open).toBe('number');
    expect(open).toBeLessThanOrEqual(3600);
    clock.advance(Number(open) * SECOND);
    expect(await ask(all, { address: '198.51.100.1', known: false })).toEqual(expect.any(String));
  });
});
