import { describe, expect, it } from 'vitest';
import { addressesIn, HostLookup } from '../lib/util/host-lookup.js';
import { Device } from './support/device.js';
import { start } from './support/engine.js';
import { nameServer } from './support/name-server.js';
import { Subscriber } from './support/push-service.js';
import { receiver } from './support/receiver.js';

const PATIENT = { timeout: 20_000 };

describe('a name server that never answers', () => {
  it('delays no event of another user, however many phones name it as their push service', async () => {
    const { asked } = await nameServer(() => 'silence');
    const callback = await receiver();
    const url = callback.url.replace('127.0.0.1', 'localhost');
    const { engine, application, clock } = await start({ callbackUrl: url });
    const hosts = Array.from({ length: 10 }, (_, i) => `push${i}.example`);
    for (const host of hosts) {
      const { code } = await engine.pairDevice('alice');
      const phone = await Device.paired(engine.url, code, clock.now);
      const { subscription } = new Subscriber(`https://${host}`);
      expect((await phone.post('push', { subscription })).status).toBe(200);
    }
    await engine.createUser('bob');
    await application.authorize('alice');
    await expect.poll(() => asked.size, PATIENT).toBeGreaterThan(2);
    await engine.answer(await application.authorize('bob'), true);
    expect(await callback.count(1)).toHaveLength(1);
  });

  it('delays no lookup of another name', async () => {
    const { asked } = await nameServer((name) =>
      name === 'good.example' ? ['1.1.1.1'] : 'silence',
    );
    const hosts = new HostLookup();
    const silent = Array.from({ length: 20 }, (_, i) => hosts.find(`silent${i}.example`));
    const ended = Promise.allSettled(silent);
    await expect.poll(() => asked.size, PATIENT).toBe(20);
    expect(await hosts.find('good.example')).toEqual([{ address: '1.1.1.1', family: 4 }]);
    hosts.close();
    expect((await ended).map(({ status }) => status)).toEqual(silent.map(() => 'rejected'));
  });
});

describe('an event', () => {
  it('is not sent to a name of which only the last address is not allowed', async () => {
    await nameServer(() => ['1.1.1.1', '127.0.0.1']);
    const callback = await receiver();
    const failed = new Promise((resolve) => {
      const note = (details: object) => 'failure' in details && resolve(details.failure);
      void start({
        callbackUrl: callback.url.replace('127.0.0.1', 'shop.example'),
        callbackNetworks: ['10.0.0.0/8'],
        logger: { info: note, warn: note, error: note },
      }).then(async ({ engine, application }) =>
        engine.answer(await application.authorize('alice'), true),
      );
    });
    expect(await failed).toBe('ADDRESS_NOT_ALLOWED');
    expect(callback.connections()).toBe(0);
  });

  it('is sent to a name that only DNS knows', async () => {
    await nameServer(() => ['127.0.0.1']);
    const callback = await receiver();
    const callbackUrl = callback.url.replace('127.0.0.1', 'shop.example');
    const { engine, application } = await start({ callbackUrl });
    await engine.answer(await application.authorize('alice'), true);
    expect(await callback.count(1)).toHaveLength(1);
  });
});

describe('a host name', () => {
  it('is loopback if it is localhost or ends with .localhost', async () => {
    await nameServer(() => 'silence');
    const hosts = new HostLookup();
    for (const name of ['localhost', 'shop.localhost']) {
      expect(await hosts.find(name)).toContainEqual({ address: '127.0.0.1', family: 4 });
    }
  });

  it('without a DNS record is asked of the system only where strangers choose no names', async () => {
    await nameServer(() => 'unknown');
    // The system reads this name as an address, which no name server does.
    const name = '127.1';
    await expect(new HostLookup().find(name)).rejects.toMatchObject({ code: 'ENOTFOUND' });
    const found = await new HostLookup({ searches: true }).find(name);
    expect(found).toEqual([{ address: '127.0.0.1', family: 4 }]);
  });

  it('has the addresses that the hosts file lists for it', () => {
    const file = '# comment\n10.0.0.1 shop.internal Shop # 10.0.0.2\n\nfd00::1\tshop\r\nbad shop\n';
    expect(addressesIn(file, 'shop')).toEqual([
      { address: '10.0.0.1', family: 4 },
      { address: 'fd00::1', family: 6 },
    ]);
    expect(addressesIn(file, '10.0.0.2')).toEqual([]);
  });
});
