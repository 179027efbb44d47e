import { readFileSync } from 'node:fs';

/** Open files of an engine without connections: its data, its log, and what Node.js needs. */
const OWN_FILES = 40;
/** The part of the other files that clients may use. Events and pushes use the rest. */
const CLIENT_PART = 0.75;
/** The part of the connections that held polls may use, and devices that wait for changes as many. */
const HELD_PART = 0.4;

/** Returns how many files this process may have open at one time; Infinity if that is not known. */
export function maxOpenFiles(): number {
  try {
    // Node.js itself raises the soft limit to the hard one when it starts.
    const limits = readFileSync('/proc/self/limits', 'utf8');
    return Number(/^Max open files +(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
  } catch {
    // Not Linux.
    return Number.POSITIVE_INFINITY;
  }
}

/** Returns how many connections of clients leave enough files for everything else. */
export function maxConnections(openFiles = maxOpenFiles()): number {
  return Math.max(16, Math.floor((openFiles - OWN_FILES) * CLIENT_PART));
}

/** Returns how many polls, and how many requests of devices, can be held at one time. */
export function maxHeldRequests(openFiles = maxOpenFiles()): number {
  return Math.floor(maxConnections(openFiles) * HELD_PART);
}
