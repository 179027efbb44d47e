import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  linkFaults,
  type MarkdownDocument,
  markdownFiles,
  readDocument,
  readMarkdown,
} from '../../tools/markdown.mjs';
import { ROOT } from '../support/code-blocks.js';

const NO_ANCHORS: MarkdownDocument = { anchors: new Set(), links: [], blocks: [] };

const documents = new Map<string, MarkdownDocument | undefined>();

function read(path: string): MarkdownDocument | undefined {
  if (!documents.has(path)) documents.set(path, readNow(path));
  return documents.get(path);
}

function readNow(path: string): MarkdownDocument | undefined {
  if (!statSync(join(ROOT, path), { throwIfNoEntry: false })) return undefined;
  return path.endsWith('.md') ? readDocument(path) : NO_ANCHORS;
}

/** The faults of one link on a page, beside a page with the heading "Other words". */
function faultsOf(link: string): string[] {
  const page = readMarkdown(`# One heading\n\n${link}\n`);
  const files: Record<string, MarkdownDocument> = {
    'docs/page.md': page,
    'docs/other.md': readMarkdown('# Other `words`\n\n## Other words\n'),
    'docs/picture.png': NO_ANCHORS,
  };
  return linkFaults('docs/page.md', (path) => files[path]);
}

describe('the links of the documents', () => {
  it('lead to files and headings of the repository, or to addresses of the right form', () => {
    const files = markdownFiles();
    expect(files.length).toBeGreaterThan(10);
    expect(files.flatMap((file) => linkFaults(file, read))).toEqual([]);
  });

  it('lead from the README to every page of the manual', () => {
    const reached = new Set<string>();
    const follow = (file: string) => {
      if (reached.has(file)) return;
      reached.add(file);
      for (const { to } of read(file)?.links ?? []) {
        const [path = ''] = to.split('#');
        const target = join(file, '..', path).replaceAll('\\', '/');
        if (path.endsWith('.md') && !path.includes(':')) follow(target);
      }
    };
    follow('README.md');
    const manual = markdownFiles().filter((file) => /^docs\/[^/]+\.md$/.test(file));
    expect(manual.length).toBeGreaterThan(5);
    expect(manual.filter((file) => !reached.has(file))).toEqual([]);
  });
});

describe('the check of the links', () => {
  it.each([
    '[a file](other.md)',
    '[a heading](other.md#other-words)',
    '[the second heading of the same words](other.md#other-words-1)',
    '[a heading of the page](#one-heading)',
    '![a picture](picture.png)',
    '[another site](https://example.com/a#b)',
    '<http://localhost:3000>',
  ])('accepts %s', (link) => {
    expect(faultsOf(link)).toEqual([]);
  });

  it.each([
    ['[a file](missing.md)', 'names no file'],
    ['[a heading](other.md#missing)', 'names no heading'],
    ['[a heading of the page](#missing)', 'names no heading'],
    ['![a picture](missing.png)', 'names no file'],
    ['<img src="missing.png">', 'names no file'],
    ['[a file](/docs/other.md)', 'begins with a slash'],
    ['[a file](../../elsewhere.md)', 'leads out of the repository'],
    ['[another site](http://example.com)', 'is not https'],
    ['[another site](https://user@example.com)', 'has credentials'],
    ['[another site](https://example)', 'names no public host'],
  ])('reports %s', (link, fault) => {
    expect(faultsOf(link)).toEqual([expect.stringContaining(fault)]);
    expect(faultsOf(link)[0]).toMatch(/^docs\/page\.md:3: /);
  });
});
