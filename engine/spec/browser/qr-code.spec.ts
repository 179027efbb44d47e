import decodeQR from 'qr/decode.js';
import { expect, it, onTestFinished } from 'vitest';
import { describeWithChromium, launchChromium } from '../../../spec/support/chromium.js';
import { qrPng, qrSvg, qrText } from '../../lib/util/qr-code.js';

const LINK = `https://engine.example.com/authenticator#pair=${'aB3-'.repeat(11)}`;

interface Pixels {
  width: number;
  height: number;
  data: number[];
}

/** The pixels of a picture that stands on a black page. */
const PIXELS = `async (source) => {
  const picture = new Image();
  picture.src = source;
  await picture.decode();
  const size = 600;
  const context = new OffscreenCanvas(size, size).getContext('2d');
  context.fillRect(0, 0, size, size);
  context.imageSmoothingEnabled = false;
  context.drawImage(picture, 50, 50, size - 100, size - 100);
  return { width: size, height: size, data: [...context.getImageData(0, 0, size, size).data] };
}`;

describeWithChromium('a QR code', () => {
  it('can be read as PNG and as SVG, on a dark page too', async () => {
    const browser = await launchChromium();
    onTestFinished(async () => await browser.close());
    const page = await browser.newPage();
    const sources = [
      `data:image/png;base64,${qrPng(LINK).toString('base64')}`,
      `data:image/svg+xml,${encodeURIComponent(qrSvg(LINK))}`,
    ];
    for (const source of sources) {
      const { width, height, data } = await page.evaluate<Pixels>(
        `(${PIXELS})(${JSON.stringify(source)})`,
      );
      expect(decodeQR({ width, height, data: Uint8Array.from(data) })).toBe(LINK);
    }
  });
});

it('a QR code can be read from a terminal with a dark background', () => {
  const lines = qrText(LINK).trimEnd().split('\n');
  const halves: Record<string, [number, number]> = {
    ' ': [0, 0],
    '▀': [1, 0],
    '▄': [0, 1],
    '█': [1, 1],
  };
  const rows = lines.flatMap((line) =>
    [0, 1].map((half) => [...line].map((character) => halves[character]?.[half] ?? 0)),
  );
  const scale = 4;
  const width = (rows[0]?.length ?? 0) * scale;
  const height = rows.length * scale;
  const data = new Uint8Array(width * height * 4).map((_, index) => {
    const pixel = Math.floor(index / 4);
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    const isLight = rows[Math.floor(y / scale)]?.[Math.floor(x / scale)] === 1;
    return isLight || index % 4 === 3 ? 255 : 0;
  });
  expect(decodeQR({ width, height, data })).toBe(LINK);
});
