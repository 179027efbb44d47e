import { describe, expect, it } from 'vitest';
import { Accounts } from '../../examples/email/accounts.js';
import { createApp } from '../../examples/email/app.js';
import { serve } from '../support/app.js';
import { TestBrowser } from '../support/browser.js';
import { startExampleWorld } from '../support/example.js';
import { nextRequest } from '../support/world.js';

/** The running example with one account, and an engine that sends its events to it. */
async function start() {
  const { launchkey, callbacksTo, ...world } = await startExampleWorld([
    'customer-1',
    'customer-2',
  ]);
  const accounts = new Accounts();
  const account = accounts.add('alice@example.com', 'customer-1');
  const url = await serve(createApp({ accounts, sessionSecret: 'of the test', launchkey }));
  callbacksTo(url);
  const logIn = async (browser: TestBrowser, email: string, user = 'customer-1') => {
    const page = await browser.leadsTo('/login', { email });
    expect(page).toMatch(/^\/launchkey\/wait\?request=/);
    const { number } = await browser.status(page ?? '', 0);
    await world.engine.answer(await nextRequest(world.engine, user), true, { number });
    expect(await browser.status(page ?? '')).toMatchObject({ state: 'answered' });
    return browser.leadsTo('/login', {});
  };
  return { ...world, account, accounts, logIn, browser: new TestBrowser(url), url };
}

describe('the e-mail example', () => {
  it('logs in with an address in any spelling, and obeys a logout on the phone', async () => {
    const { browser, logIn, endOnPhone } = await start();
    expect(await logIn(browser, ' Alice@Example.com')).toBe('/');
    expect(await browser.text('/')).toContain('Hello, alice@example.com');
    expect(await endOnPhone('customer-1')).toBe(200);
    expect((await browser.send('/')).headers.get('location')).toBe('/login');
    expect(await logIn(browser, 'alice@example.com')).toBe('/');
    expect(await browser.leadsTo('/logout')).toBe('/login');
    expect((await browser.send('/')).headers.get('location')).toBe('/login');
  });

  it('denies an unknown address without a request on any phone', async () => {
    const { engine, browser } = await start();
    expect(await browser.leadsTo('/login', { email: 'bob@example.com' })).toBe('/login');
    expect(await browser.text('/login')).toContain('The login was denied.');
    expect(await engine.requests('customer-1')).toEqual([]);
  });

  it('accepts the approval of no other user than that of the first login', async () => {
    const { browser, logIn, account, url } = await start();
    expect(await logIn(browser, 'alice@example.com')).toBe('/');
    account.phoneName = 'customer-2';
    const other = new TestBrowser(url);
    expect(await logIn(other, 'alice@example.com', 'customer-2')).toBe('/login');
    expect(await other.text('/login')).toContain('This account may not log in here.');
  });
});
