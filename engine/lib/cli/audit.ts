import { setTimeout as delay } from 'node:timers/promises';
import { CliError } from './cli-error.js';
import type { CommandResult } from './commands.js';
import { command } from './control-client.js';
import { type Connection, print } from './output.js';

/** Entries of one command to the engine. */
const PAGE = 1000;
/** Interval between two looks for new entries, in ms. */
const FOLLOW_INTERVAL_MS = 1000;

type Entry = CommandResult<'audit'>[number];

interface AuditOptions extends Connection {
  user?: string;
  since?: string;
  until?: string;
  after?: string;
  limit?: string;
  format?: 'text' | 'json' | 'ndjson';
  follow?: boolean;
}

export async function audit(options: AuditOptions): Promise<void> {
  const { socket, format = options.json ? 'json' : 'text', follow, after } = options;
  const filter = {
    username: options.user,
    since: readTime('--since', options.since),
    until: readTime('--until', options.until),
  };
  if (follow && format === 'json') {
    throw new CliError('--follow needs --format text or ndjson: JSON is one value that ends.', 2);
  }
  if (follow || format === 'ndjson' || after !== undefined) {
    const limit = readLimit(options.limit, Number.POSITIVE_INFINITY);
    await printForwards({ socket, filter, limit, format, follow, after });
    return;
  }
  const entries: Entry[] = [];
  const limit = readLimit(options.limit, 100);
  while (entries.length < limit) {
    const wanted = Math.min(PAGE, limit - entries.length);
    const before = entries.at(-1)?.cursor;
    const page = await command(socket, 'audit', { ...filter, before, limit: wanted });
    entries.push(...page);
    if (page.length < wanted) break;
  }
  print(format === 'json', entries, entries.map(textOf));
}

interface Forwards {
  socket: string;
  filter: { username?: string | undefined; since?: string | undefined; until?: string | undefined };
  limit: number;
  format: 'text' | 'json' | 'ndjson';
  follow?: boolean | undefined;
  after?: string | undefined;
}

/** Prints entries oldest first, each when it is read, and with `follow` until the process is stopped. */
async function printForwards({ socket, filter, limit, format, follow, after }: Forwards) {
  let cursor = after ?? (await firstCursor(socket, filter, follow));
  let printed = 0;
  let writable = true;
  process.stdout.once('error', () => {
    writable = false;
  });
  const all: Entry[] = [];
  while (writable && printed < limit) {
    const wanted = Math.min(PAGE, limit - printed);
    const page = await command(socket, 'audit', { ...filter, after: cursor, limit: wanted });
    for (const entry of page) {
      if (format === 'json') all.push(entry);
      else process.stdout.write(`${format === 'ndjson' ? JSON.stringify(entry) : textOf(entry)}\n`);
    }
    printed += page.length;
    cursor = page.at(-1)?.cursor ?? cursor;
    if (page.length === wanted) continue;
    if (!follow) break;
    await delay(FOLLOW_INTERVAL_MS);
  }
  if (format === 'json') print(true, all, []);
}

/** Without a time or a cursor, `--follow` begins with what is written from now on. */
async function firstCursor(
  socket: string,
  { since }: Forwards['filter'],
  follow: boolean | undefined,
): Promise<string> {
  if (!follow || since !== undefined) return '0';
  const [newest] = await command(socket, 'audit', { limit: 1 });
  return newest?.cursor ?? '0';
}

function textOf(entry: Entry): string {
  const { at, kind, username, userId = '-', appKey = '-', deviceId = '-', details } = entry;
  const time = new Date(at).toISOString();
  return [time, kind, username ?? userId, appKey, deviceId, JSON.stringify(details)].join('\t');
}

function readLimit(text: string | undefined, standard: number): number {
  if (text === undefined) return standard;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new CliError(
    `--limit must be a number from 1 to 999999999, not ${JSON.stringify(text)}.`,
    2,
  );
}

/** Reads a date or a time, in UTC unless the text says otherwise. */
function readTime(flag: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const zoned = /^\d{4}-\d\d-\d\d[T ][\d:.]+$/.test(text) ? `${text.replace(' ', 'T')}Z` : text;
  const time = new Date(zoned);
  if (/^\d{4}-\d\d-\d\d/.test(text) && Number.isFinite(time.getTime())) return time.toISOString();
  throw new CliError(
    `${flag} must be a date or a time such as 2026-01-31 or 2026-01-31T12:00:00Z, not ${JSON.stringify(text)}.`,
    2,
  );
}
