/** Whether the tests run in full: `npm run test:endurance` says so. */
export const ENDURANCE = process.env.ENDURANCE === '1';

/**
 * How much of something a test does: a little in each run, and all of it in an endurance run. A
 * variable of the environment by which a person asks for another amount comes before both.
 */
export function amount(variable: string, short: number, full: number): number {
  return Number(process.env[variable] ?? (ENDURANCE ? full : short));
}
