// Draws the phone's icons as PNG from its SVG ones, for the systems that take no SVG: iOS, and Android's
// notifications. Run it after an SVG was changed, and commit what it draws. It needs Chromium, which
// CHROMIUM_PATH names if it is elsewhere.
import { readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { root } from './packing.mjs';

const folder = `${root}/engine/authenticator/static`;

/** iOS cuts its own corners, and makes what is transparent black. */
const ICONS = [
  { file: 'apple-touch-icon.png', from: 'icon-maskable.svg', size: 180 },
  { file: 'icon-192.png', from: 'icon.svg', size: 192 },
  { file: 'icon-512.png', from: 'icon.svg', size: 512 },
  { file: 'icon-maskable-512.png', from: 'icon-maskable.svg', size: 512 },
];

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  // Its sandbox refuses to run as root, as in most containers.
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
});
try {
  for (const { file, from, size } of ICONS) {
    const page = await browser.newPage({ viewport: { width: size, height: size } });
    const svg = readFileSync(`${folder}/${from}`, 'utf8');
    await page.setContent(`<style>body { margin: 0 } svg { display: block }</style>${svg}`);
    await page.screenshot({ path: `${folder}/${file}`, omitBackground: true });
    await page.close();
    console.log(`${file}: ${size} × ${size}, from ${from}`);
  }
} finally {
  await browser.close();
}
