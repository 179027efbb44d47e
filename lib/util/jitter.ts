/**
 * Spreads a pause over ±20 %, so that many who pause for the same reason do not go on in step.
 */
export function jitter(ms: number): number {
  return ms * (0.8 + Math.random() * 0.4);
}
