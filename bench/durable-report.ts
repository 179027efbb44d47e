import type { Durable } from './durable.js';
import { HELD, type HeldLatency, STEADY } from './held-latency.js';
import type { HeldMemory } from './held-memory.js';
import type { Place } from './places.js';
import { CALLS, type CallName, type Rate, type Rates } from './rates.js';
import { ratio, type Spread, show, spread } from './statistics.js';

const PLACES = ['memory', 'SQLite', 'PostgreSQL'] as const;
const DATABASES = ['SQLite', 'PostgreSQL'] as const;

/** The figures of the engine alone, as Markdown, each table with how it is to be read. */
export function durableReport({ sizes, rates, latency, memory }: Durable): string[] {
  const [few, many] = sizes;
  const of = (place: Place, users: number) =>
    rates.find((one) => one.place === place && one.users === users);
  return [
    'The engine alone, with its data in memory, in SQLite and in PostgreSQL, both of which wait for the',
    'disk: 16 calls in flight, answers signed by paired devices. The ratio is the price of durability;',
    'where CPU grows less than the rate falls, the engine waits for the disk.',
    ...(of('PostgreSQL', few) ? [] : ['PostgreSQL is not installed here, and left out.']),
    '',
    '| calls a second | memory | SQLite | PostgreSQL | SQLite : memory | PostgreSQL : memory |',
    '|---|--:|--:|--:|--:|--:|',
    ...CALLS.map((call) => callRow(call, few, of, (one) => one.perSecond, 0)),
    '',
    '| CPU of the engine, ms | memory | SQLite | PostgreSQL | SQLite : memory | PostgreSQL : memory |',
    '|---|--:|--:|--:|--:|--:|',
    ...CALLS.map((call) => callRow(call, few, of, (one) => one.cpu, 2)),
    '',
    `The change from ${number(few)} users, devices and open requests to ${number(many)}: 1.00 is no change, and a`,
    'call that looked at all of them would have a ratio near the growth itself.',
    '',
    '| growth | calls a second, SQLite | PostgreSQL | CPU, SQLite | PostgreSQL |',
    '|---|--:|--:|--:|--:|',
    ...CALLS.map((call) => growthRow(call, few, many, of)),
    '',
    `From the answer on the device to the poll that waits for it, ${STEADY} answers a second: the`,
    'ratio is the price of the other held polls.',
    '',
    `| answered → polled | ${HELD.map((held) => `${number(held)} held: p50 | p99`).join(' | ')} | p50, ${HELD.toReversed().map(number).join(' : ')} |`,
    '|---|--:|--:|--:|--:|--:|',
    ...latencyRows(latency),
    '',
    ...memoryTable(memory),
  ];
}

type Find = (place: Place, users: number) => Rates | undefined;
type Pick = (rate: Rate) => number;

function callRow(call: CallName, users: number, of: Find, pick: Pick, digits: number): string {
  const values = (place: Place) => of(place, users)?.rounds[call].map(pick);
  const memory = values('memory') ?? [];
  return row([
    call,
    ...PLACES.map((place) => shown(values(place), digits)),
    ...DATABASES.map((place) => ratioOf(values(place), memory)),
  ]);
}

function growthRow(call: CallName, few: number, many: number, of: Find): string {
  const growth = (place: Place, pick: Pick) => {
    const values = (users: number) => of(place, users)?.rounds[call].map(pick);
    return ratioOf(values(many), values(few) ?? []);
  };
  return row([
    call,
    ...DATABASES.map((place) => growth(place, (one) => one.perSecond)),
    ...DATABASES.map((place) => growth(place, (one) => one.cpu)),
  ]);
}

function latencyRows(latency: readonly HeldLatency[]): string[] {
  return [...new Set(latency.map(({ name }) => name))].map((name) => {
    const of = (held: number) =>
      latency.find((one) => one.name === name && one.held === held)?.rounds ?? [];
    const p50 = (held: number) => of(held).map((one) => one.p50);
    return row([
      name,
      ...HELD.flatMap((held) => [
        milliseconds(spread(p50(held))),
        milliseconds(spread(of(held).map((one) => one.p99))),
      ]),
      ratioOf(p50(HELD[1]), p50(HELD[0])),
    ]);
  });
}

function memoryTable({ polls, wanted, heap, resident, process, cores }: HeldMemory): string[] {
  const kibibytes = (bytes: number) => `${(bytes / 1024).toFixed(1)} KiB`;
  return [
    ...(polls < wanted
      ? [`The limit on open files allows no more than ${number(polls)} held polls here.`, '']
      : []),
    '| held polls, SQLite | heap for one | resident for one | resident in all | cores while nothing happens |',
    '|--:|--:|--:|--:|--:|',
    row([
      number(polls),
      kibibytes(heap),
      kibibytes(resident),
      `${Math.round(process / 1024 ** 2)} MiB`,
      cores.toFixed(3),
    ]),
  ];
}

const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;

const number = (value: number) => value.toLocaleString('en');

const milliseconds = (one: Spread) => `${show(one, 1)} ms`;

const shown = (values: readonly number[] | undefined, digits: number) =>
  values ? show(spread(values), digits) : '–';

const ratioOf = (of: readonly number[] | undefined, to: readonly number[]) =>
  of ? `${show(ratio(of, to), 2)} ×` : '–';
