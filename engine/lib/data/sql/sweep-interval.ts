/** Minimum interval between two deletions of expired records. No call returns them before either. */
const SWEEP_INTERVAL_MS = 10_000;

/** Limits how often expired records are deleted. */
export function sweepAtIntervals(
  sweep: (now: number) => Promise<void>,
): (now: number) => Promise<void> {
  let sweptAt = Number.NEGATIVE_INFINITY;
  return async (now) => {
    if (Math.abs(now - sweptAt) < SWEEP_INTERVAL_MS) return;
    sweptAt = now;
    await sweep(now);
  };
}
