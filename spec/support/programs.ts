import { describe, it } from 'vitest';

/**
 * `describe` for tests that need a program of the machine's. Without it they are skipped, and the
 * report says why; where `CI=true` they fail instead, so that a green run has run everything.
 */
export function describeWith(
  program: { name: string; found: boolean; missing: string },
  name: string,
  tests: () => void,
): void {
  const { found, missing } = program;
  if (found) {
    describe(name, tests);
  } else if (process.env.CI === 'true') {
    describe(name, () => {
      it(`needs ${program.name}`, () => {
        throw new Error(missing);
      });
    });
  } else {
    // The reporter counts what is skipped, but does not say why.
    process.stderr.write(`\nSkipped: ${name}. ${missing}.\n`);
    describe(name, () => {
      it(`needs ${program.name}`, (context) => context.skip(missing));
    });
  }
}
