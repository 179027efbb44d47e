import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import axe from 'axe-core';
import express from 'express';
import { type Browser, devices, type Page } from 'playwright-core';
import decodeQR from 'qr/decode.js';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { serve } from '../support/app.js';
import { describeWithChromium, launchChromium } from '../support/chromium.js';
import { recordingStrategy, startWorld } from '../support/world.js';

/** If SCREENSHOTS names a folder, a screenshot of each state is written to it. */
const { SCREENSHOTS } = process.env;

async function start() {
  const world = await startWorld();
  const { strategy } = recordingStrategy(world);
  const app = express();
  const identifier = () => 'user-17';
  app.use('/account/phones', strategy.pairing({ identifier, continueUrl: '/welcome' }));
  app.get('/welcome', (_req, res) => {
    res.send(
      '<!doctype html><link rel="icon" href="data:,"><title>Welcome</title><h1>Welcome</h1>',
    );
  });
  const url = await serve(app);
  return { engine: world.engine, strategy, page: `${url}/account/phones` };
}

const heading = (page: Page, name: string) => page.getByRole('heading', { name, exact: true });

/** Draws a picture of the page into pixels that a QR reader takes. */
const PIXELS = `async (source) => {
  const picture = new Image();
  picture.src = source;
  await picture.decode();
  const { width, height } = picture;
  const context = new OffscreenCanvas(width, height).getContext('2d');
  context.drawImage(picture, 0, 0);
  return { width, height, data: [...context.getImageData(0, 0, width, height).data] };
}`;

describeWithChromium('the pairing page in a browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(async () => await browser?.close());

  async function newPage(options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
    const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
    const faults: string[] = [];
    context.on('weberror', (error) => faults.push(error.error().message));
    context.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
    onTestFinished(async () => {
      await context.close();
      expect(faults).toEqual([]);
    });
    return context.newPage();
  }

  /** What a camera reads on the page. */
  async function scan(page: Page): Promise<string> {
    const png = await page.locator('img.qr').screenshot();
    const blank = await newPage();
    const { width, height, data } = await blank.evaluate<{
      width: number;
      height: number;
      data: number[];
    }>(`(${PIXELS})('data:image/png;base64,${png.toString('base64')}')`);
    return decodeQR({ width, height, data: Uint8Array.from(data) });
  }

  /** Pairs the phone of a browser of its own. */
  async function pairPhone(link: string): Promise<void> {
    const phone = await newPage({ ...devices['Pixel 7'] });
    await phone.goto(link);
    await phone.getByRole('button', { name: 'Pair', exact: true }).click();
    await heading(phone, 'Nothing to approve').waitFor();
  }

  it('pairs a phone that scans its QR code, and continues by itself', async () => {
    const { page: url, strategy } = await start();
    const page = await newPage();
    await page.goto(url);
    await page.locator('img.qr').evaluate('(image) => image.decode()');
    await pairPhone(await scan(page));
    await heading(page, 'Your phone is paired').waitFor();
    await heading(page, 'Welcome').waitFor();
    expect(await strategy.client.whiteLabelDevices('user-17')).toHaveLength(1);
  });

  it('pairs the phone on which it is open by its link', async () => {
    const { page: url, strategy } = await start();
    const page = await newPage({ ...devices['Pixel 7'] });
    await page.goto(url);
    await page.getByRole('link', { name: 'I am on this phone' }).click();
    await page.getByRole('button', { name: 'Pair', exact: true }).click();
    await heading(page, 'Nothing to approve').waitFor();
    expect(await strategy.client.whiteLabelDevices('user-17')).toHaveLength(1);
  });

  it('works without JavaScript, renames and unpairs', async () => {
    const { page: url, engine } = await start();
    const page = await newPage({ javaScriptEnabled: false });
    await page.goto(url);
    const code = (await page.locator('.code').textContent()) ?? '';
    const phone = await newPage();
    await phone.goto(`${engine.url}/authenticator`);
    await phone.getByRole('textbox', { name: 'Pairing code' }).fill(code);
    await phone.getByRole('button', { name: 'Pair', exact: true }).click();
    await heading(phone, 'Nothing to approve').waitFor();
    await phone.close();
    await page.getByRole('button', { name: 'Continue' }).click();
    await heading(page, 'Your phones').waitFor();
    await page.getByText('Rename', { exact: false }).first().click();
    await page.getByLabel('New name').fill('Work phone');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Unpair', { exact: false }).first().click();
    await page.getByRole('button', { name: 'Unpair Work phone' }).click();
    await heading(page, 'Pair your phone').waitFor();
  });

  it.each([
    ['light', 390],
    ['dark', 390],
    ['light', 1280],
    ['dark', 1280],
  ] as const)(
    'has no accessibility faults in %s colours, %i pixels wide',
    async (colorScheme, width) => {
      const { page: url } = await start();
      const page = await newPage({ colorScheme, viewport: { width, height: 844 } });
      await page.goto(url);
      await page.locator('img.qr').evaluate('(image) => image.decode()');
      expect(await faults(page, `code-${colorScheme}-${width}`)).toEqual([]);
      await page.getByText('On an iPhone or iPad').click();
      expect(await faults(page, `iphone-${colorScheme}-${width}`)).toEqual([]);
      await pairPhone(await scan(page));
      await heading(page, 'Welcome').waitFor();
      await page.goto(url);
      await page.getByText('Rename', { exact: false }).first().click();
      expect(await faults(page, `phones-${colorScheme}-${width}`)).toEqual([]);
    },
  );

  async function faults(page: Page, name: string): Promise<string[]> {
    if (SCREENSHOTS) {
      mkdirSync(SCREENSHOTS, { recursive: true });
      await page.screenshot({ path: join(SCREENSHOTS, `pairing-${name}.png`), fullPage: true });
    }
    await page.evaluate(axe.source);
    const found = await page.evaluate<axe.Result[]>(
      'axe.run().then(({ violations }) => violations)',
    );
    const wide = await page.evaluate<boolean>('document.documentElement.scrollWidth > innerWidth');
    return [
      ...(wide ? ['the page scrolls sideways'] : []),
      ...found.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(', ')}`),
    ];
  }
});
