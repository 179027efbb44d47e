import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { defences } from '../tools/defences.mjs';

const read = (file: string) => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');

/** The first column of the tables in SECURITY.md. */
function rows(): string[] {
  const cells = read('SECURITY.md').matchAll(/^\| (.+?) \|.*\|.*\|$/gm);
  return [...cells].map(([, first = '']) => first).filter((first) => first !== 'somebody who …');
}

// Whether the tests fail without the defences is tried by tools/check-defences.mjs, which takes long.
describe('the table of defences', () => {
  it('has an entry for each row of the threat model, and for nothing else', () => {
    expect(rows().length).toBeGreaterThan(30);
    expect(new Set(defences.map(({ row }) => row))).toEqual(new Set(rows()));
  });

  it('finds each defence in the sources', () => {
    for (const { file, source, replacement } of defences.flatMap(({ edits }) => edits)) {
      expect(read(file).split(source), `${file}: ${source}`).toHaveLength(2);
      expect(replacement).not.toBe(source);
    }
  });

  it('names tests that there are', () => {
    for (const { spec, test } of defences) {
      const contract = spec.endsWith('contract.spec.ts') ? read('lib/store/contract.ts') : '';
      expect((read(spec) + contract).includes(test), `${spec}: ${test}`).toBe(true);
    }
  });
});
