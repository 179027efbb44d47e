import { describe, expect, it } from 'vitest';
import { Device } from './support/device.js';
import { share, start } from './support/engine.js';

const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36';

describe('the browser of a request', () => {
  it('is shown on the phone as address, program and system, and as known by the application', async () => {
    const { engine, application, user } = await share();
    const { code } = await engine.pairDevice(user);
    const phone = await Device.paired(engine.url, code);
    const browser = { address: '203.0.113.7', user_agent: CHROME, known: true, id: 'pseudonym' };
    const authRequest = await application.authorize(user, { browser: JSON.stringify(browser) });
    const shown = { address: '203.0.113.7', name: 'Chrome', system: 'Windows', known: true };
    const { body, text } = await phone.state();
    expect(body.requests[0].browser).toEqual(shown);
    expect(text).not.toMatch(/pseudonym|Mozilla|142/);
    expect((await engine.requests(user))[0]?.browser).toEqual(shown);
    await application.log(authRequest, 'Withdraw');
    expect((await phone.state()).body.withdrawn[0].browser).toEqual(shown);
  });

  it('is left out of requests that have none', async () => {
    const { engine, application, user } = await share();
    const phone = await Device.paired(engine.url, (await engine.pairDevice(user)).code);
    await application.authorize(user);
    expect((await phone.state()).body.requests[0]).not.toHaveProperty('browser');
  });

  it.each([
    ['an IPv4 address that is written as IPv6', '::ffff:203.0.113.7', '203.0.113.7'],
    ['a long IPv6 address', '2001:0DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['an address with a zone', 'fe80::1%eth0', 'fe80::1'],
  ])('has %s in its usual form', async (_name, address, expected) => {
    const { engine, application, user } = await share();
    await application.authorize(user, { browser: JSON.stringify({ address }) });
    expect((await engine.requests(user))[0]?.browser).toEqual({ address: expected });
  });

  it.each([
    ['Firefox on Linux', 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0'],
    [
      'Safari on iOS',
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1',
    ],
    [
      'Microsoft Edge on Windows',
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0',
    ],
    [
      'Samsung Internet on Android',
      'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/29.0 Chrome/136.0.0.0 Mobile Safari/537.36',
    ],
  ])('is recognised as %s', async (expected, user_agent) => {
    const { engine, application, user } = await share();
    await application.authorize(user, { browser: JSON.stringify({ user_agent }) });
    const { name, system } = (await engine.requests(user))[0]?.browser ?? {};
    expect(`${name} on ${system}`).toBe(expected);
  });

  it('is shown with no text of the sender: its names are of a fixed list', async () => {
    const { engine, application, user } = await share();
    const phone = await Device.paired(engine.url, (await engine.pairDevice(user)).code);
    for (const user_agent of ['Call +49 123 now/1.0 (me)', 'You must approve/1 ', '<b>', ' ']) {
      await application.authorize(user, { browser: JSON.stringify({ user_agent }) });
    }
    const { body } = await phone.state();
    expect(body.requests.map((one: { browser: object }) => one.browser)).toEqual([{}, {}, {}, {}]);
  });

  it('accepts a user agent of any length and reads 256 characters of it', async () => {
    const { engine, application, user } = await share();
    for (const length of [256 - CHROME.length, 257]) {
      const user_agent = 'x'.repeat(length) + CHROME;
      await application.authorize(user, { browser: JSON.stringify({ user_agent }) });
    }
    const requests = await engine.requests(user);
    expect(requests.map(({ browser }) => browser?.name)).toEqual(['Chrome', undefined]);
  });

  it.each([
    ['is not JSON', '{'],
    ['is not a JSON object', '[]'],
    ['has an address that is not an IP address', '{"address": "example.com"}'],
    ['has an address that is not an IP address', '{"address": "203.0.113.7:80"}'],
    ['has an address that is not an IP address', '{"address": 7}'],
    ['has a user_agent that is not a string', '{"user_agent": 7}'],
    ['has a known that is not a boolean', '{"known": "true"}'],
    ['has an id that is not 1 to 64 printable ASCII characters', `{"id": "${'x'.repeat(65)}"}`],
    ['has an id that is not 1 to 64 printable ASCII characters', '{"id": "ä"}'],
    ['has an id that is not 1 to 64 printable ASCII characters', '{"id": ""}'],
  ])('that %s is refused with 40421: %s', async (problem, browser) => {
    const { engine, application, user } = await share();
    const { body } = await application.auths({ username: user, browser });
    expect([body.message_code, body.message]).toEqual([
      40421,
      { browser: `The browser ${problem}.` },
    ]);
    expect(await engine.requests(user)).toEqual([]);
  });

  it('accepts members that are null and members of a later version', async () => {
    const { engine, application, user } = await share();
    const browser = { address: null, user_agent: null, known: null, id: null, country: 'NO' };
    await application.authorize(user, { browser: JSON.stringify(browser) });
    expect((await engine.requests(user))[0]?.browser).toEqual({});
  });

  it('leaves no address in the audit trail', async () => {
    const { engine, application } = await start();
    const browser = JSON.stringify({ address: '203.0.113.7', user_agent: CHROME });
    await engine.answer(await application.authorize('alice', { browser }), true);
    expect(JSON.stringify(await engine.audit())).not.toMatch(/203\.0\.113\.7|Chrome/);
  });
});
