import { describe, expect, it } from 'vitest';
import { commentBlocks, typeFaults } from '../support/code-blocks.js';

describe('the examples in the doc comments of the library', { timeout: 120_000 }, () => {
  it('compile', async () => {
    const blocks = commentBlocks().filter(
      ({ file, language }) => file.startsWith('lib/') && language === 'ts',
    );
    expect(blocks.length).toBeGreaterThan(10);
    expect(await typeFaults(blocks, 'ts')).toEqual([]);
  });
});
