import fc from 'fast-check';
import { amount } from './endurance.js';

/** The number of inputs that each parser gets. */
export const RUNS = amount('FUZZ_RUNS', 500, 20_000);

/** A text that is nearly a given one: pieces of it cut out, doubled, or put in from elsewhere. */
export function nearly(samples: readonly string[]): fc.Arbitrary<string> {
  const edit = fc.record({
    at: fc.nat(4000),
    length: fc.nat(12),
    put: fc.oneof(fc.string({ unit: 'binary', maxLength: 8 }), fc.constantFrom(...TRICKS)),
  });
  return fc
    .tuple(fc.constantFrom(...samples), fc.array(edit, { maxLength: 4 }))
    .map(([text, edits]) =>
      edits.reduce((now, { at, length, put }) => {
        const from = at % (now.length + 1);
        return now.slice(0, from) + put + now.slice(from + length);
      }, text),
    );
}

/** Anything at all, and what is nearly right, which gets further. */
export function textLike(...samples: string[]): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 300 }) },
    { weight: 4, arbitrary: nearly(samples) },
  );
}

const TRICKS = [
  '\\',
  "'",
  '"',
  '\0',
  '\r\n',
  '=',
  '==',
  '{',
  '}',
  '[',
  ',',
  '+',
  ' ',
  '%',
  '\uFEFF',
];
