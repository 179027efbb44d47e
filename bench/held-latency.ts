import type { Child } from './child.js';
import type { LoadMethods } from './load-process.js';
import type { Places } from './places.js';
import type { Measured } from './rates.js';
import { say } from './say.js';
import { quantile } from './statistics.js';

/** Answers in a second while polls are held: few enough that no answer waits for the one before. */
export const STEADY = 20;
/** With how many polls held: a few to compare with, and many. */
export const HELD = [10, 1000] as const;

/** From when an answer is sent to when the poll that waits for it has it, in milliseconds. */
export interface HeldLatency {
  name: string;
  held: number;
  rounds: { p50: number; p99: number }[];
}

/** Measures the smaller engines, and two nodes: answered at the first one, polled at the second. */
export async function heldLatency(
  places: Places,
  engines: readonly Measured[],
  load: Child<LoadMethods>,
  { rounds, answers }: { rounds: number; answers: number },
): Promise<HeldLatency[]> {
  const least = Math.min(...engines.map(({ users }) => users));
  const ways = engines
    .filter(({ users }) => users === least)
    .map(({ place, node, app }) => ({
      name: place as string,
      target: { api: node.url, devices: node.url, app },
    }));
  const shared = engines.find(({ place, users }) => place === 'PostgreSQL' && users === least);
  const second = shared && (await places.join(shared.node));
  if (shared && second) {
    const target = { api: second.url, devices: shared.node.url, app: shared.app };
    ways.push({ name: 'PostgreSQL, answered at one node and polled at another', target });
  }
  const results = ways.flatMap(({ name }) =>
    HELD.map((held): HeldLatency => ({ name, held, rounds: [] })),
  );
  for (let round = 1; round <= rounds; round++) {
    say(`held polls: round ${round} of ${rounds}`);
    for (const { name, target } of ways) {
      for (const held of HELD) {
        await load.call('aim', target);
        await load.call('authorize', held + answers);
        const took = await load.call('answerHeld', { held, perSecond: STEADY });
        took.sort((a, b) => a - b);
        const result = results.find((one) => one.name === name && one.held === held);
        result?.rounds.push({ p50: quantile(took, 0.5), p99: quantile(took, 0.99) });
      }
    }
  }
  if (second) await places.stop(second);
  return results;
}
