import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Goal, goalsTable, isReached } from '../../bench/goals.js';
import { above, spread } from '../../bench/statistics.js';

const goal = (median: number, bounds: Partial<Goal>): Goal => ({
  name: 'waiting',
  unit: 'ms',
  digits: 1,
  measured: spread([median]),
  ...bounds,
});

describe('the report of the benchmark', () => {
  it('counts as many missed goals as its table shows', () => {
    const [sentence = '', ...table] = goalsTable('figure', [
      goal(3, { atMost: 4 }),
      goal(5, { atMost: 4 }),
      goal(5, { atLeast: 6 }),
    ]);
    expect(sentence).toBe('2 of 3 goals are not reached.');
    expect(table.filter((line) => line.includes('**not reached**'))).toHaveLength(2);
    expect(goalsTable('figure', [goal(3, { atMost: 4 })])[0]).toBe('All 1 goals are reached.');
  });

  it('judges a figure as it is printed', () => {
    expect(isReached(goal(4.04, { atMost: 4 }))).toBe(true);
    expect(isReached(goal(4.06, { atMost: 4 }))).toBe(false);
    expect(isReached(goal(3.96, { atLeast: 4 }))).toBe(true);
    expect(isReached(goal(3.94, { atLeast: 4 }))).toBe(false);
  });

  it('shows no cost below zero', () => {
    expect(above(0.012, 0.015)).toBe(0);
    expect(above(0.5, 0.25)).toBe(0.25);
  });

  it('has left no negative figure and no count that differs from its table in the results', () => {
    const results = readFileSync(new URL('../../bench/RESULTS.md', import.meta.url), 'utf8');
    expect(results.match(/\| -\d.*/g)).toBe(null);
    const [, missed] = /^(\d+) of \d+ goals are not reached\.$/m.exec(results) ?? [];
    expect(results.match(/\*\*not reached\*\*/g) ?? []).toHaveLength(Number(missed));
  });
});
