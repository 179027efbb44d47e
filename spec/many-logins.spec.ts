import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { programPath } from './support/shared.js';

describe('200 simultaneous logins, by poll and event', () => {
  it('call verify once for each approval, leave nothing in memory, and let the process exit', async () => {
    const child = spawn(process.execPath, [await programPath('many-logins')], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [[status], stdout, stderr] = await Promise.all([
      once(child, 'exit'),
      text(child.stdout),
      text(child.stderr),
    ]);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const [result, rest] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));

    const approved = Array.from({ length: 200 }, (_, n) => n).filter((n) => n % 4 < 2);
    expect(result.verified).toHaveLength(100);
    expect(new Set(result.verified.map(([hash]: [string]) => hash)).size).toBe(100);
    expect(result.verified.map(([, name]: [string, string]) => name).toSorted()).toEqual(
      approved.map((n) => `user${n}`).toSorted(),
    );
    for (const [n, outcome] of result.outcomes.entries()) {
      const expected =
        n % 4 < 2
          ? { user: `user${n}`, code: null }
          : { user: null, code: n % 4 === 2 ? 'denied' : 'expired' };
      expect(outcome).toEqual(expected);
    }
    expect(rest.left).toEqual([]);
  });
});
