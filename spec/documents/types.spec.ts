import { describe, expect, it } from 'vitest';
import {
  commentBlocks,
  documentBlocks,
  type FoundBlock,
  typeFaults,
} from '../support/code-blocks.js';

const of = (language: string) => (block: FoundBlock) => block.language === language;

/** An example with a mistake in its second line, which shows that mistakes are found and placed. */
const mistaken = (language: string): FoundBlock => ({
  file: 'docs/mistaken.md',
  line: 10,
  language,
  code: "import { policy } from 'passport-launchkey';\npolicy({ every: 2 });\n",
});
const MISTAKE = expect.stringMatching(/^docs\/mistaken\.md:11: error TS2353: .*'every'/);

describe('the type check of the documents', { timeout: 120_000 }, () => {
  it('passes every TypeScript block and every example of a doc comment', async () => {
    const inDocuments = documentBlocks().filter(of('ts'));
    const inComments = commentBlocks();
    expect(inDocuments.length).toBeGreaterThan(2);
    expect(inComments.length).toBeGreaterThan(10);
    expect(inComments.filter(({ language }) => language !== 'ts')).toEqual([]);
    const blocks = [...inDocuments, ...inComments, mistaken('ts')];
    expect(await typeFaults(blocks, 'ts')).toEqual([MISTAKE]);
  });

  it('passes every JavaScript block', async () => {
    const inDocuments = documentBlocks().filter(of('js'));
    expect(inDocuments.length).toBeGreaterThan(10);
    expect(await typeFaults([...inDocuments, mistaken('js')], 'js')).toEqual([MISTAKE]);
  });
});
