/**
 * Varies a pause by up to 20 % in both directions, so that many processes that pause for the same
 * reason do not continue at the same moment.
 */
export function jitter(ms: number): number {
  return ms * (0.8 + Math.random() * 0.4);
}
