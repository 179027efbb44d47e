import { type Concealing, chance, tellsApart } from './concealing.js';
import { durableReport } from './durable-report.js';
import { type Goal, goalsTable } from './goals.js';
import { cores, machine } from './machine.js';
import type { Measured } from './measure.js';
import { quantile, range, ratio, type Spread, show, spread } from './statistics.js';
import type { Throughput } from './throughput.js';
import type { Waiting } from './waiting.js';

const KIB = 1024;
const one = (value: number): Spread => spread([value]);

/** What one of many costs against one of few; to cost less is no fault. */
const noDearer = (name: string, measured: Spread): Goal => ({
  name,
  unit: '×',
  digits: 2,
  atMost: 1.2,
  measured,
});

/** The three figures of the README, as Markdown. */
export function headline({ ways, latency, waiting }: Measured): string {
  const { held } = ways;
  const median = (values: readonly number[]) => spread(values).median;
  const rate = median(held.rounds.map((one) => one.loginsPerSecond));
  const p50 = median(latency.held.map((one) => one.p50));
  const p99 = median(latency.held.map((one) => one.p99));
  const many = waiting.held[1] as Waiting;
  return [
    `| measured ${today()}, Node.js ${process.version}, ${cores()} | |`,
    '|---|--:|',
    `| logins a second, application and engine on the same machine | ${Math.round(rate)} |`,
    `| from the approval on the phone to the login, p50 and p99 | ${p50.toFixed(1)} and ${p99.toFixed(1)} ms |`,
    `| heap of the application for one of ${many.logins.toLocaleString('en')} logins that wait | ${(many.appHeap / KIB).toFixed(1)} KiB |`,
    '',
    '[bench/RESULTS.md](bench/RESULTS.md) has all figures, and the goals that they miss.',
  ].join('\n');
}

const today = () => new Date().toISOString().slice(0, 10);

/** The figures as Markdown, with what they were measured on. */
export function report(measured: Measured): string {
  const unit = spread(measured.unit);
  const rate = Math.round(1000 / unit.median).toLocaleString('en');
  return [
    `Measured on ${today()} with Node.js ${process.version} on ${machine()}:`,
    `median, minimum and maximum of ${measured.rounds} rounds that alternate between all ways. One`,
    `*unit* is the CPU time of one RSA-2048 private operation in the same run, ${show(unit, 3)} ms, so`,
    `that a core cannot do more than ${rate} a second. [README.md](README.md) says how each`,
    'figure is measured.',
    '',
    ...goalsTable('figure, 64 logins in flight', goals(measured)),
    '',
    '| way of logging in | logins a second | CPU, application | CPU, engine | private-key operations |',
    '|---|--:|--:|--:|--:|',
    ...Object.values(measured.ways).map(({ name, rounds }) => wayRow(name, rounds)),
    '',
    '| logins that wait | | requests a second | cores | heap for one: application | engine |',
    '|--:|---|--:|--:|--:|--:|',
    ...measured.waiting.held.map((waiting) => waitingRow('held polls', waiting)),
    ...measured.waiting.events.map((waiting) => waitingRow('events', waiting)),
    '',
    '| with `concealUsers`, p50 and p99 | a user who does not answer | an unknown name | told apart by time | by chance |',
    '|---|--:|--:|--:|--:|',
    ...measured.concealing.map(concealingRow),
    '',
    ...durableReport(measured.durable),
  ].join('\n');
}

function goals({ unit, ways, latency, waiting }: Measured): Goal[] {
  const inUnits = (rounds: Throughput[], of: (one: Throughput) => number) =>
    ratio(rounds.map(of), unit);
  const speed = (rounds: Throughput[]) => rounds.map((round) => round.loginsPerSecond);
  const { held, fresh, jsrsasign, express } = ways;
  const pick = <T>(from: T[], of: (one: T) => number) => spread(from.map(of));
  const of = (kind: 'held' | 'events', index: number) => waiting[kind][index] as Waiting;
  /** What one of 10,000 waiting logins costs, against one of 1,000. */
  const growth = (figure: (one: Waiting) => number, kind: 'held' | 'events' = 'held') => {
    const [few, many] = [of(kind, 0), of(kind, 1)];
    return one(figure(many) / many.logins / (figure(few) / few.logins));
  };
  return [
    {
      name: 'private-key operations of the application for one login',
      unit: '',
      digits: 2,
      atMost: 1.1,
      measured: pick(held.rounds, (one) => one.privateKeyOperations),
    },
    {
      name: 'CPU for one login, application and engine together',
      unit: 'units',
      digits: 2,
      atMost: 4.3,
      measured: inUnits(held.rounds, (one) => one.appCpu + one.engineCpu),
    },
    {
      name: 'CPU for one login, the engine alone',
      unit: 'units',
      digits: 2,
      atMost: 1.5,
      measured: inUnits(held.rounds, (one) => one.engineCpu),
    },
    {
      name: 'the same with a new envelope for each call',
      unit: 'units',
      digits: 2,
      atMost: 6,
      measured: inUnits(fresh.rounds, (one) => one.engineCpu),
    },
    {
      name: 'logins a second, against signing by jsrsasign',
      unit: '×',
      digits: 1,
      atLeast: 90,
      measured: ratio(speed(held.rounds), speed(jsrsasign.rounds)),
    },
    {
      name: 'logins a second, against a new envelope for each call',
      unit: '×',
      digits: 2,
      atLeast: 2.5,
      measured: ratio(speed(held.rounds), speed(fresh.rounds)),
    },
    {
      name: 'event loop of the application through Express, p99',
      unit: 'ms',
      digits: 1,
      atMost: 30,
      measured: pick(express.rounds, (one) => one.eventLoop.p99),
    },
    ...(['held', 'events'] as const).flatMap((kind): Goal[] => {
      const name = `approved on the device → logged in, ${kind === 'held' ? 'held poll' : 'event'}`;
      const [p50, p99] = kind === 'held' ? [4, 20] : [7, 40];
      const measured = latency[kind];
      return [
        {
          name: `${name}, p50`,
          unit: 'ms',
          digits: 1,
          atMost: p50,
          measured: pick(measured, (l) => l.p50),
        },
        {
          name: `${name}, p99`,
          unit: 'ms',
          digits: 1,
          atMost: p99,
          measured: pick(measured, (l) => l.p99),
        },
      ];
    }),
    {
      name: '1,000 logins that wait on held polls',
      unit: 'requests/s',
      digits: 1,
      atMost: 45,
      measured: one(of('held', 0).requests),
    },
    { name: '', unit: 'cores', digits: 3, atMost: 0.1, measured: one(of('held', 0).cores) },
    {
      name: '1,000 logins that wait for events',
      unit: 'requests/s',
      digits: 1,
      atMost: 0,
      measured: one(of('events', 0).requests),
    },
    { name: '', unit: 'cores', digits: 3, atMost: 0.04, measured: one(of('events', 0).cores) },
    {
      name: 'heap for one login that waits on a held poll, application',
      unit: 'KiB',
      digits: 1,
      atMost: 28,
      measured: one(of('held', 1).appHeap / KIB),
    },
    {
      name: 'the same, engine',
      unit: 'KiB',
      digits: 1,
      atMost: 10,
      measured: one(of('held', 1).engineHeap / KIB),
    },
    noDearer(
      'one of 10,000 against one of 1,000: requests',
      growth((one) => one.requests),
    ),
    noDearer(
      'the same: cores, held polls',
      growth((one) => one.cores),
    ),
    noDearer(
      'the same: heap of the application',
      growth((one) => one.appHeap * one.logins),
    ),
    noDearer(
      'the same: heap of the engine',
      growth((one) => one.engineHeap * one.logins),
    ),
  ];
}

function wayRow(name: string, rounds: Throughput[]): string {
  const pick = (of: (one: Throughput) => number) => spread(rounds.map(of));
  return `| ${[
    name,
    show(
      pick((one) => one.loginsPerSecond),
      0,
    ),
    `${show(
      pick((one) => one.appCpu),
      2,
    )} ms`,
    `${show(
      pick((one) => one.engineCpu),
      2,
    )} ms`,
    pick((one) => one.privateKeyOperations).median.toFixed(2),
  ].join(' | ')} |`;
}

function waitingRow(kind: string, waiting: Waiting): string {
  return `| ${[
    waiting.logins.toLocaleString('en'),
    kind,
    waiting.requests.toFixed(1),
    waiting.cores.toFixed(3),
    `${(waiting.appHeap / KIB).toFixed(1)} KiB`,
    `${(waiting.engineHeap / KIB).toFixed(1)} KiB`,
  ].join(' | ')} |`;
}

function concealingRow(concealing: Concealing): string {
  const { what, users, strangers } = concealing;
  const by = chance(concealing);
  return `| ${[
    what,
    p50AndP99(users),
    p50AndP99(strangers),
    tellsApart(concealing).toFixed(3),
    range({ min: 0.5 - by, max: 0.5 + by }, 3),
  ].join(' | ')} |`;
}

const p50AndP99 = (sorted: readonly number[]) =>
  `${quantile(sorted, 0.5).toFixed(1)}, ${quantile(sorted, 0.99).toFixed(1)} ms`;
