import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { InvalidResponseError } from '../errors.js';

const DECODERS = new Map([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
]);

/**
 * Returns the body of a response as it was before compression. Calls accept none, but some proxies
 * compress unasked. The caller limits the size of the result.
 *
 * @throws InvalidResponseError for an unknown compression.
 */
export function decompressed(response: IncomingMessage): Readable {
  const encoding = response.headers['content-encoding']?.trim().toLowerCase() ?? '';
  if (encoding === '' || encoding === 'identity') return response;
  const createDecoder = DECODERS.get(encoding);
  if (!createDecoder) {
    throw new InvalidResponseError(
      'The answer is compressed in an unknown way, although the call accepts no compression. Switch compression off in the proxy in front of the engine.',
    );
  }
  return response.pipe(createDecoder());
}
