import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import axe from 'axe-core';
import { type Engine, startEngine } from 'launchkey-engine';
import { LaunchKeyClient } from 'passport-launchkey';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { describeWithChromium, launchChromium } from '../support/chromium.js';

/** With a folder in SCREENSHOTS, each state is kept there as a picture. */
const { SCREENSHOTS } = process.env;

describeWithChromium('the phone in a browser', () => {
  let browser: Browser;
  let engine: Engine;
  let client: LaunchKeyClient;

  beforeAll(async () => {
    browser = await launchChromium();
    engine = await startEngine({ rateLimit: false });
    const app = await engine.createApp({ name: 'Shop' });
    client = new LaunchKeyClient({ ...app, apiBaseUrl: `${engine.url}/v1` });
  });
  afterAll(async () => {
    await browser?.close();
    await engine?.close();
  });

  async function newPage(options: BrowserContextOptions = {}) {
    const context = await browser.newContext({
      reducedMotion: 'reduce',
      viewport: { width: 390, height: 844 },
      ...options,
    });
    const page = await context.newPage();
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => {
      // Chromium reports what the engine refuses and what is asked without a connection.
      const expected = /status of 4\d\d|ERR_INTERNET_DISCONNECTED|ERR_FAILED/.test(message.text());
      if (message.type() === 'error' && !expected) faults.push(message.text());
    });
    onTestFinished(async () => {
      await context.close();
      expect(faults).toEqual([]);
    });
    return page;
  }

  /** What the application reads of the answer. */
  async function answerTo(authRequest: string) {
    const { answer } = await client.poll(authRequest, { wait: 20 });
    return answer && (await client.readAnswer(authRequest, answer));
  }

  async function press(page: Page, name: string): Promise<void> {
    await page.getByRole('button', { name, exact: true, disabled: false }).click();
  }

  it('pairs by link, approves, denies and reports, in answers that the application alone can read', async () => {
    await engine.createUser('alice');
    const { url } = await engine.pairDevice('alice');
    const page = await newPage();
    const sent: string[] = [];
    page.on('request', (request) => sent.push(`${request.url()} ${request.postData() ?? ''}`));
    await page.goto(url);
    await page.getByText('You have opened a pairing link.', { exact: false }).waitFor();
    expect(page.url()).toBe(`${engine.url}/authenticator`);
    expect(await page.evaluate<string>('navigation.entries().map(({ url }) => url).join()')).toBe(
      `${engine.url}/authenticator`,
    );
    await look(page, 'pairing by link');
    await page.getByLabel('Name of this phone').fill("Alice's phone");
    await press(page, 'Pair');
    await page.getByText('Nothing to approve').waitFor();
    const [device] = await engine.devices('alice');
    expect(device?.name).toBe("Alice's phone");
    await look(page, 'nothing to approve');

    const approved = await client.authorize('alice', { context: 'Order 1' });
    await page.getByRole('heading', { name: 'Shop' }).waitFor();
    await page.getByText('Order 1', { exact: true }).waitFor();
    await page.getByText(/^[45]:\d\d left$/).waitFor();
    await look(page, 'a request');
    await press(page, 'Approve');
    await page.getByRole('heading', { name: 'Approved' }).waitFor();
    expect(await answerTo(approved)).toMatchObject({ authorized: true, deviceId: device?.id });
    await page.getByRole('button', { name: 'End session at Shop' }).waitFor();

    const denied = await client.authorize('alice', { numberMatch: '42' });
    await page.getByText('Which number do you see').waitFor();
    await page.locator('#deny:enabled').waitFor();
    expect(await page.locator('#approve').isDisabled()).toBe(true);
    await look(page, 'a number');
    await press(page, 'Deny');
    await page.getByRole('heading', { name: 'Denied' }).waitFor();
    await look(page, 'denied');
    expect(await answerTo(denied)).toMatchObject({
      authorized: false,
      reason: 'disapproved',
    });

    const reported = await client.authorize('alice');
    await press(page, 'I did not ask for this');
    await page.getByRole('heading', { name: 'Denied and reported' }).waitFor();
    expect(await answerTo(reported)).toMatchObject({
      authorized: false,
      reason: 'fraudulent',
    });
    await look(page, 'paused');
    await press(page, 'Allow requests now');
    await page.locator('#paused').waitFor({ state: 'hidden' });
    expect(sent.join('\n')).not.toMatch(/"response"|privateKey|"d":/);
    expect(sent.join('\n')).not.toContain(url.split('#pair=')[1]?.concat(' '));
  });
});

/** axe has nothing to say in light and dark, and nothing scrolls sideways; with a picture of each. */
async function look(page: Page, name: string): Promise<void> {
  const found: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of SCREENSHOTS ? [1280, 390] : [390]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 844 });
      await page.evaluate(axe.source);
      const violations = await page.evaluate<axe.Result[]>(
        'axe.run().then(({ violations }) => violations)',
      );
      found.push(...violations.map(({ id, nodes }) => `${id}: ${nodes.map((n) => n.target)}`));
      const sideways = await page.evaluate<boolean>(
        'document.documentElement.scrollWidth > document.documentElement.clientWidth',
      );
      if (sideways) found.push(`scrolls sideways at ${width}`);
      if (SCREENSHOTS) {
        mkdirSync(SCREENSHOTS, { recursive: true });
        const file = `${name.replaceAll(' ', '-')}-${width}-${colorScheme}.png`;
        await page.screenshot({ path: join(SCREENSHOTS, file), fullPage: true });
      }
    }
  }
  await page.emulateMedia({ colorScheme: null });
  expect(found, name).toEqual([]);
}
