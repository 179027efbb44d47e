import { range, type Spread } from './statistics.js';

/** A figure and the bounds that it is to keep. */
export interface Goal {
  name: string;
  unit: string;
  measured: Spread;
  /** Digits after the point, in the table and in the verdict. */
  digits: number;
  atLeast?: number;
  atMost?: number;
}

/**
 * Whether a figure keeps its bounds as it is printed: a reader who compares the printed figure with
 * the printed bound comes to the same verdict.
 */
export function isReached({ measured, digits, atLeast, atMost }: Goal): boolean {
  const printed = Number(measured.median.toFixed(digits));
  return printed >= (atLeast ?? Number.NEGATIVE_INFINITY) && printed <= (atMost ?? Infinity);
}

/** The goals as a table, under a sentence that counts what the table says. */
export function goalsTable(title: string, goals: readonly Goal[]): string[] {
  const missed = goals.filter((goal) => !isReached(goal)).length;
  return [
    missed === 0
      ? `All ${goals.length} goals are reached.`
      : `${missed} of ${goals.length} goals are not reached.`,
    '',
    `| ${title} | goal | median | min – max | |`,
    '|---|--:|--:|--:|---|',
    ...goals.map(row),
  ];
}

function row(goal: Goal): string {
  const { name, unit, digits, atLeast, atMost, measured } = goal;
  const bounds = [
    atLeast !== undefined && `≥ ${atLeast}`,
    atMost !== undefined && `≤ ${atMost}`,
  ].filter(Boolean);
  return `| ${[
    name,
    `${bounds.join(', ')} ${unit}`.trim(),
    measured.median.toFixed(digits),
    measured.min === measured.max ? '' : range(measured, digits),
    isReached(goal) ? 'reached' : '**not reached**',
  ].join(' | ')} |`;
}
