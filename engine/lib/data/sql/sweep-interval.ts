import { RETENTION, type Retention } from '../retention.js';

/** Minimum interval between two deletions of expired records. No call returns them before either. */
const SWEEP_INTERVAL_MS = 10_000;

/** Deletes a batch of expired records of each kind. Resolves to whether there may be more. */
export type SweepStep = (now: number, retention: Retention) => Promise<boolean>;

/** Limits how often expired records are deleted, unless there are more than fit a batch. */
export function sweepAtIntervals(
  sweep: SweepStep,
): (now: number, retention?: Retention) => Promise<void> {
  let sweptAt = Number.NEGATIVE_INFINITY;
  return async (now, retention = RETENTION) => {
    if (Math.abs(now - sweptAt) < SWEEP_INTERVAL_MS) return;
    sweptAt = now;
    if (await sweep(now, retention)) sweptAt = Number.NEGATIVE_INFINITY;
  };
}
