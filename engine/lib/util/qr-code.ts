import { crc32, deflateSync } from 'node:zlib';
import { encodeQR } from 'qr';

/** The light margin that ISO/IEC 18004 requires around a QR code, in modules. */
const QUIET_ZONE = 4;
/** Edge of a module in a PNG, in pixels. */
const PNG_SCALE = 8;
const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** A QR code for a terminal with a dark background, in block characters. */
export function qrText(text: string): string {
  return encodeQR(text, 'ascii', { border: QUIET_ZONE });
}

/** A QR code as SVG, black on white whatever page it stands on. */
export function qrSvg(text: string): string {
  const modules = darkModules(text);
  const path = modules.flatMap((row, y) =>
    row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : '')),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${modules.length} ${modules.length}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h${modules.length}v${modules.length}H0z"/><path d="${path.join('')}"/></svg>`;
}

/** A QR code as PNG with one bit for each pixel. */
export function qrPng(text: string): Buffer {
  const modules = darkModules(text);
  const edge = modules.length * PNG_SCALE;
  const rowBytes = Math.ceil(edge / 8);
  const rows = modules.flatMap((row) => {
    // The first byte names the row's filter: none. A bit that is set is white.
    const line = Buffer.alloc(1 + rowBytes);
    for (let pixel = 0; pixel < edge; pixel += 1) {
      if (row[Math.floor(pixel / PNG_SCALE)]) continue;
      const byte = 1 + (pixel >> 3);
      line[byte] = (line[byte] ?? 0) | (0x80 >> (pixel & 7));
    }
    return Array<Buffer>(PNG_SCALE).fill(line);
  });
  const header = Buffer.alloc(13);
  header.writeUInt32BE(edge, 0);
  header.writeUInt32BE(edge, 4);
  // Bits for each sample; colour type, compression, filter and interlacing stay 0.
  header.writeUInt8(1, 8);
  return Buffer.concat([
    PNG_SIGNATURE,
    pngChunk('IHDR', header),
    pngChunk('IDAT', deflateSync(Buffer.concat(rows))),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

function darkModules(text: string): boolean[][] {
  return encodeQR(text, 'raw', { border: QUIET_ZONE });
}

function pngChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}
