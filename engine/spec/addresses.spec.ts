import { describe, expect, it, vi } from 'vitest';
import type { Engine } from '../lib/index.js';
import type { Application } from './support/application.js';
import { Device } from './support/device.js';
import { start } from './support/engine.js';
import { http } from './support/http.js';

const PROXY = '127.0.0.1';

/** A call without valid credentials, as a proxy forwards it. */
async function strange(engine: Engine, from?: string): Promise<number> {
  const query = 'app_key=1000000000&secret_key=x&signature=y&auth_request=z';
  const { body } = await http(`${engine.url}/v1/poll?${query}`, { headers: forwarded(from) });
  return body.message_code;
}

/** A call that is what it should be, for a request that is not there (70402). */
async function proper(application: Application, from?: string): Promise<number> {
  const query = new URLSearchParams({ ...(await application.envelope()), auth_request: 'none' });
  const { body } = await http(`${application.url}/poll?${query}`, { headers: forwarded(from) });
  return body.message_code;
}

function forwarded(from: string | undefined): Record<string, string> {
  return from === undefined ? {} : { 'x-forwarded-for': from };
}

async function repeat<T>(times: number, act: () => Promise<T>): Promise<Set<T>> {
  const results = new Set<T>();
  for (let time = 0; time < times; time += 1) results.add(await act());
  return results;
}

describe('an address', () => {
  it('is told no reasons for a minute after a hundred calls with invalid credentials, and the log has one line', async () => {
    const logger = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
    const { engine, clock } = await start({ trustedProxies: [PROXY], logger });
    const address = '203.0.113.7';
    expect(await repeat(100, () => strange(engine, address))).toEqual(new Set([70425]));
    expect(await strange(engine, address)).toBe(70436);
    expect(await strange(engine, '203.0.113.8')).toBe(70425);
    expect(logger.warn).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ address }),
      'too many failed calls from one address',
    );
    clock.advance(60_000);
    expect(await strange(engine, address)).toBe(70425);
  });

  it('serves valid calls of applications and phones whatever strangers at it send', async () => {
    const { engine, application } = await start({ trustedProxies: [PROXY] });
    const address = '203.0.113.7';
    const { code } = await engine.pairDevice('alice');
    const phone = await Device.paired(engine.url, code);
    await repeat(101, () => strange(engine, address));
    expect(await proper(application, address)).toBe(70402);
    const headers = forwarded(address);
    const state = await phone.send(await phone.sign({ path: 'state', headers }));
    expect(state.status).toBe(200);
  });

  it('makes any number of valid calls', async () => {
    const { application } = await start({ trustedProxies: [PROXY] });
    const codes = await repeat(150, () => proper(application, '203.0.113.7'));
    expect(codes).toEqual(new Set([70402]));
  });

  it('counts by its /64 network for IPv6, because its holder chooses the rest', async () => {
    const { engine } = await start({ trustedProxies: [PROXY] });
    for (let host = 1; host <= 100; host += 1) await strange(engine, `2001:db8:1:2::${host}`);
    expect(await strange(engine, '2001:db8:1:2:ffff::1')).toBe(70436);
    expect(await strange(engine, '2001:db8:1:3::1')).toBe(70425);
  });

  it('counts by its network in every spelling of IPv6, and as a whole for IPv4', async () => {
    const { engine } = await start({ trustedProxies: [PROXY] });
    for (let host = 1; host <= 100; host += 1) await strange(engine, `2001:db8::${host}`);
    expect(await strange(engine, '2001:db8::a:b:c:d')).toBe(70436);
    expect(await strange(engine, '2001:db8:0:0:1:2:3:4')).toBe(70436);
    expect(await strange(engine, '2001:db8:0:1::1')).toBe(70425);
    await repeat(100, () => strange(engine, '::ffff:203.0.113.7'));
    expect(await strange(engine, '::ffff:cb00:7107')).toBe(70436);
    expect(await strange(engine, '::ffff:203.0.113.8')).toBe(70425);
  });

  it('counts without the port that some proxies add to it', async () => {
    const { engine } = await start({ trustedProxies: [PROXY] });
    for (let port = 1; port <= 100; port += 1) await strange(engine, `1.2.3.4:${port}`);
    expect(await strange(engine, '1.2.3.4:101')).toBe(70436);
    for (let port = 1; port <= 100; port += 1) await strange(engine, `[2001:db8::1]:${port}`);
    expect(await strange(engine, '[2001:db8::1]')).toBe(70436);
  });

  it('counts as an address even if it is malformed', async () => {
    const { engine } = await start({ trustedProxies: [PROXY] });
    await repeat(100, () => strange(engine, 'unknown'));
    expect(await strange(engine, 'unknown')).toBe(70436);
    expect(await strange(engine, '[::ffff:')).toBe(70425);
  });

  it('is told all reasons if it is loopback, because it may be an undeclared proxy with all users behind it', async () => {
    const { engine } = await start();
    expect(await repeat(102, () => strange(engine, '203.0.113.7'))).toEqual(new Set([70425]));
  });

  it('is told no reasons after device requests with invalid tokens', async () => {
    const { engine } = await start({ trustedProxies: [PROXY] });
    const { code } = await engine.pairDevice('alice');
    const phone = await Device.paired(engine.url, code);
    await engine.unpairDevice('alice', phone.id);
    const state = async () =>
      (await phone.send(await phone.sign({ path: 'state', headers: forwarded('203.0.113.7') })))
        .status;
    expect(await repeat(100, state)).toEqual(new Set([401]));
    expect(await state()).toBe(429);
  });
});

describe('X-Forwarded-For', () => {
  async function guesses(engine: Engine, from: (guess: number) => string): Promise<number[]> {
    const device = await Device.make(engine.url);
    const statuses = [];
    for (let guess = 0; guess < 11; guess += 1) {
      statuses.push((await device.pair('AAAAAAAAAA', {}, forwarded(from(guess)))).status);
    }
    return statuses;
  }

  it('changes nothing where no proxy is trusted, or another one', async () => {
    for (const trustedProxies of [[], ['10.0.0.0/8']]) {
      const { engine } = await start({ trustedProxies });
      const statuses = await guesses(engine, (guess) => `203.0.113.${guess}`);
      expect(statuses).toEqual([...Array(10).fill(404), 429]);
    }
  });

  it('names the client if the proxy is trusted, by the entry of that proxy alone', async () => {
    const { engine } = await start({ trustedProxies: ['127.0.0.0/8'] });
    const own = await guesses(engine, (guess) => `203.0.113.${guess}`);
    expect(own).toEqual(Array(11).fill(404));
    const forged = await guesses(engine, (guess) => `198.51.100.${guess}, 192.0.2.1`);
    expect(forged).toEqual([...Array(10).fill(404), 429]);
  });
});

describe('X-Request-Id', () => {
  const ask = async (engine: Engine, id?: string) => {
    const headers: Record<string, string> = id === undefined ? {} : { 'x-request-id': id };
    return (await http(`${engine.url}/v1/ping`, { headers })).headers['x-request-id'];
  };

  it('is one of the engine’s own for each request', async () => {
    const { engine } = await start();
    const ids = [await ask(engine), await ask(engine), await ask(engine, 'of-a-stranger')];
    expect(new Set(ids).size).toBe(3);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('is the one of a trusted proxy, if it is well-formed', async () => {
    const { engine } = await start({ trustedProxies: [PROXY] });
    expect(await ask(engine, 'Root=1-67891233-abcdef')).toBe('Root=1-67891233-abcdef');
    for (const odd of ['two words', '"quoted"', 'x'.repeat(129), '']) {
      expect(await ask(engine, odd)).toMatch(/^[0-9a-f-]{36}$/);
    }
  });
});
