/** What several rounds measured. */
export interface Spread {
  min: number;
  median: number;
  max: number;
}

/** The spread of a figure over the rounds. */
export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  return { min: quantile(sorted, 0), median: quantile(sorted, 0.5), max: quantile(sorted, 1) };
}

/** The spread of a ratio of two figures, taken round by round, so that both met the same machine. */
export function ratio(of: readonly number[], to: readonly number[]): Spread {
  return spread(of.map((value, round) => value / (to[round] ?? Number.NaN)));
}

/** A quantile of values in ascending order, linear between neighbours. */
export function quantile(sorted: readonly number[], q: number): number {
  if (sorted.length === 0) return Number.NaN;
  const at = (sorted.length - 1) * q;
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? Number.NaN;
  return below + (above - below) * (at - Math.floor(at));
}

/** The median, with the least and the greatest. */
export const show = (spread: Spread, digits: number) =>
  `${spread.median.toFixed(digits)} (${range(spread, digits)})`;

export const range = ({ min, max }: Pick<Spread, 'min' | 'max'>, digits: number) =>
  `${min.toFixed(digits)} – ${max.toFixed(digits)}`;

/**
 * What a load costs above an idle pair of processes. A difference below zero is noise of the two
 * measurements and no cost, so it is 0.
 */
export const above = (load: number, idle: number) => Math.max(0, load - idle);
