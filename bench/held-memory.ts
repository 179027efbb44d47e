import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Child } from './child.js';
import type { DeviceKey } from './fill.js';
import type { LoadMethods } from './load-process.js';
import type { Places } from './places.js';
import { say } from './say.js';

/** What polls that are held cost the engine, above what it costs without them. */
export interface HeldMemory {
  polls: number;
  /** Fewer than these were held if the machine allows too few files. */
  wanted: number;
  /** Bytes for one. */
  heap: number;
  resident: number;
  /** Bytes of the process with all of them. */
  process: number;
  /** Cores busy while nothing happens to them. */
  cores: number;
}

/** Files of a process besides its held polls. */
const OTHER_FILES = 500;
const WATCHED = 5;

/** Holds so many polls at an engine of its own, with SQLite as most have it. */
export async function heldMemory(
  places: Places,
  load: Child<LoadMethods>,
  devices: DeviceKey[],
  wanted: number,
): Promise<HeldMemory> {
  const polls = Math.min(wanted, mostFiles() - OTHER_FILES);
  if (polls < wanted) say(`only ${polls} held polls: the limit on open files allows no more`);
  say(`${polls} held polls`);
  const filled = await places.start('SQLite', { users: devices.length, devices });
  const app = await filled.child.call('createApp', undefined);
  await load.call('aim', { api: filled.url, devices: filled.url, app });
  await load.call('authorize', polls);
  await places.stop(filled);
  // A second time, so that memory of the first round is not released while they are held.
  const node = await places.join(filled);
  await load.call('aim', { api: node.url, devices: node.url, app });
  await load.call('poll', 400);
  const before = await node.child.call('memory');
  await load.call('hold', polls);
  await load.call('entered', polls);
  const cpu = await node.child.call('cpu');
  await sleep(WATCHED * 1000);
  const cores = ((await node.child.call('cpu')) - cpu) / 1000 / WATCHED;
  const after = await node.child.call('memory');
  await load.call('leave');
  await places.stop(node);
  return {
    polls,
    wanted,
    heap: (after.heap - before.heap) / polls,
    resident: (after.resident - before.resident) / polls,
    process: after.resident,
    cores,
  };
}

/** What the system lets a process open; Node takes all of it. */
function mostFiles(): number {
  const most = execFileSync('/bin/sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim();
  return most === 'unlimited' ? Number.POSITIVE_INFINITY : Number(most);
}
