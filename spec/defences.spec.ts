import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { defences } from '../tools/defences.mjs';

const read = (file: string) => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');

/** All spec files, and the contract of the stores, as one text. */
function sourcesOfTests(): string {
  const files = ['spec', 'engine/spec'].flatMap((folder) =>
    readdirSync(new URL(`../${folder}`, import.meta.url), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.spec.ts'))
      .map((name) => `${folder}/${name}`),
  );
  return [...files, 'lib/store/contract.ts'].map(read).join('\n');
}

/** The first column of the tables in SECURITY.md. */
function rows(): string[] {
  const cells = read('SECURITY.md').matchAll(/^\| (.+?) \|.*\|.*\|$/gm);
  return [...cells].map(([, first = '']) => first).filter((first) => first !== 'an attacker who …');
}

// tools/check-defences.mjs tries whether the tests fail without the defences, which takes long.
describe('the table of defences', () => {
  it('has an entry for each row of the threat model, and no other entry', () => {
    expect(rows().length).toBeGreaterThan(30);
    expect(new Set(defences.map(({ row }) => row))).toEqual(new Set(rows()));
  });

  it('names spec files and titles that exist', () => {
    const sources = sourcesOfTests();
    for (const [row] of read('SECURITY.md').matchAll(/^\| .* \|$/gm)) {
      const tests = row.split(' | ')[2] ?? '';
      for (const [, file = ''] of tests.matchAll(/`([\w/.-]+\.ts)`/g)) {
        expect(() => read(file), row).not.toThrow();
      }
      for (const [, title = ''] of tests.matchAll(/"([^"]+)"/g)) {
        expect(sources.includes(title), `${title}: ${row}`).toBe(true);
      }
    }
  });

  it('finds each defence in the sources', () => {
    for (const { file, source, replacement } of defences.flatMap(({ edits }) => edits)) {
      expect(read(file).split(source), `${file}: ${source}`).toHaveLength(2);
      expect(replacement).not.toBe(source);
    }
  });

  it('names existing tests only', () => {
    for (const { spec, test } of defences) {
      const contract = spec.endsWith('contract.spec.ts') ? read('lib/store/contract.ts') : '';
      expect((read(spec) + contract).includes(test), `${spec}: ${test}`).toBe(true);
    }
  });
});
