import { describe, expect, it } from 'vitest';
import { type Logger, startEngine } from '../lib/index.js';
import { OutgoingGuard } from '../lib/util/outgoing-guard.js';
import { start } from './support/engine.js';
import { receiver } from './support/receiver.js';

/** A logger, and the first reason for which an event was not delivered. */
function watchFailures(): { logger: Logger; failed: Promise<unknown> } {
  let tell: (failure: unknown) => void = () => {};
  const failed = new Promise<unknown>((resolve) => {
    tell = resolve;
  });
  const note = (details: object) => {
    if ('failure' in details) tell(details.failure);
  };
  return { logger: { info: note, warn: note, error: note } as Logger, failed };
}

describe('an event', () => {
  it.each(['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]'])(
    'is not sent to an address of no allowed network (%s)',
    async (host) => {
      const callback = await receiver();
      const url = callback.url.replace('127.0.0.1', host);
      const { logger, failed } = watchFailures();
      const { engine, application } = await start({
        callbackUrl: url,
        callbackNetworks: ['10.0.0.0/8'],
        logger,
      });
      await engine.answer(await application.authorize('alice'), true);
      expect(await failed).toBe('ADDRESS_NOT_ALLOWED');
      expect(callback.connections()).toBe(0);
    },
  );

  it.each(['127.0.0.1', 'localhost'])('is sent to one of a network that is (%s)', async (host) => {
    const callback = await receiver();
    const url = callback.url.replace('127.0.0.1', host);
    const { engine, application } = await start({
      callbackUrl: url,
      callbackNetworks: ['127.0.0.0/8', '::1'],
    });
    await engine.answer(await application.authorize('alice'), true);
    expect(await callback.count(1)).toHaveLength(1);
  });
});

describe('without networks of its own', () => {
  const guard = new OutgoingGuard([]);

  it.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '169.254.169.254',
    '172.31.255.255',
    '192.168.0.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '192.88.99.1',
    '::7f00:1',
    '::ffff:169.254.169.254',
    '::ffff:0:7f00:1',
    '::ffff:a00:1',
    '64:ff9b::a9fe:a9fe',
    '2002:a00:1::',
    'fd00::1',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    '2001::1',
    '2001:20::1',
    '2001:db8::1',
    '3fff::1',
    '4000::1',
    '5f00::1',
  ])('%s is out of reach', (address) => expect(guard.allows(address)).toBe(false));

  it.each([
    '1.1.1.1',
    '172.32.0.1',
    '193.0.0.1',
    '::ffff:1.1.1.1',
    '2606:4700::1111',
    '2001:4860:4860::8888',
  ])('%s is within reach', (address) => expect(guard.allows(address)).toBe(true));
});

describe('callbackNetworks', () => {
  it.each([
    [['10.0.0.0/33']],
    [['example.com']],
    [['fc00::/129']],
    [['1.2.3.4/8/8']],
    ['10.0.0.0/8'],
  ])('%j is refused by name', async (callbackNetworks) => {
    await expect(
      startEngine({ callbackNetworks: callbackNetworks as string[] }),
    ).rejects.toMatchObject({
      code: 'ENGINE_INVALID_OPTION',
      message: expect.stringContaining('callbackNetworks'),
    });
  });
});
