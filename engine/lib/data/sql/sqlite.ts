import { Worker } from 'node:worker_threads';
import { LaunchKeyEngineError } from '../../errors.js';
import type { Faults, Watched } from '../../observability/faults.js';
import { cacheReads } from '../cached-ports.js';
import type { Data, Ports } from '../data.js';
import { noAnnouncements } from '../ports/announcements.js';
import { SeparateCalls } from '../separate-calls.js';
import { STEPS } from '../steps.js';
import { toError } from '../thread-errors.js';
import type { Call, Done, Reply, Request, WorkerData } from './sqlite-messages.js';
import { sqliteWorkerUrl } from './sqlite-worker-url.js';
import { type SweepStep, sweepAtIntervals } from './sweep-interval.js';

/**
 * Opens the data file for this process alone, and creates it if it does not exist. A thread of its own
 * owns the file, so that a slow disk delays no other work of this process.
 */
export async function openSqlite(file: string, key: string, faults: Faults): Promise<Data> {
  const thread = await SqliteThread.start({ file, key }, faults);
  const call = (name: string, values: unknown[]) => thread.call(name, values);
  const { ports, sweep } = cacheReads(portsOf(call));
  const tidying = sweepAndTidy(call);
  return {
    ...ports,
    calls: new SeparateCalls(ports),
    announcements: noAnnouncements,
    sweep: sweepAtIntervals((now, retention) => sweep(() => tidying(now, retention))),
    check: async () => {
      await call('check', []);
    },
    close: () => thread.close(),
  };
}

/** Interval between two steps that give free pages back and empty the log, in ms of engine time. */
const TIDY_INTERVAL_MS = 60_000;

function sweepAndTidy(call: (name: string, values: unknown[]) => Promise<unknown>): SweepStep {
  let tidiedAt = Number.NEGATIVE_INFINITY;
  return async (now, retention) => {
    const more = (await call('sweep', [now, retention])) as boolean;
    if (more || Math.abs(now - tidiedAt) < TIDY_INTERVAL_MS) return more;
    tidiedAt = now;
    await call('tidy', []);
    return false;
  };
}

/** The ports, each method of which is a call. */
function portsOf(call: (name: string, values: unknown[]) => Promise<unknown>): Ports {
  const ports = Object.entries(STEPS).map(([port, methods]) => {
    const entries = Object.keys(methods).map((method) => {
      const name = `${port}.${method}`;
      return [method, (...values: unknown[]) => call(name, values)];
    });
    return [port, Object.fromEntries(entries)];
  });
  return Object.fromEntries(ports) as Ports;
}

interface Caller {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** The thread that owns an SQLite file, seen by the others. It keeps no process alive while it is idle. */
class SqliteThread {
  private readonly worker: Worker;
  private readonly file: string;
  private readonly thread: Watched;
  private readonly callers = new Map<number, Caller>();
  private nextId = 0;
  private unsent: Call[] = [];
  /** Why calls are rejected: the thread is closed or has ended. */
  private ended: Error | undefined;
  private closing: Promise<void> | undefined;
  private readonly exited: Promise<void>;

  private constructor(worker: Worker, file: string, faults: Faults) {
    this.worker = worker;
    this.file = file;
    const broken = 'the data file cannot be used any more';
    this.thread = faults.watch(broken, 'the data file can be used again');
    this.exited = new Promise((resolve) => worker.once('exit', () => resolve()));
    worker.on('message', (reply: Reply) => {
      if (typeof reply === 'object' && 'done' in reply) this.settle(reply.done);
    });
    worker.once('error', (error) => this.die(error));
    worker.once('exit', () => this.die());
  }

  /** Resolves when the file is open. */
  static async start(workerData: WorkerData, faults: Faults): Promise<SqliteThread> {
    // Without the flags of this process, some of which no thread accepts.
    const worker = new Worker(sqliteWorkerUrl, { workerData, execArgv: [] });
    const reply = await new Promise<Reply>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', (code) => reject(new Error(`The thread ended with ${code}.`)));
    });
    for (const event of ['message', 'error', 'exit']) worker.removeAllListeners(event);
    if (typeof reply === 'object' && 'failed' in reply) {
      await worker.terminate();
      throw toError(reply.failed);
    }
    worker.unref();
    return new SqliteThread(worker, workerData.file, faults);
  }

  call(name: string, values: unknown[]): Promise<unknown> {
    if (this.ended) return Promise.reject(this.ended);
    const id = this.nextId++;
    if (this.callers.size === 0) this.worker.ref();
    if (this.unsent.length === 0) queueMicrotask(() => this.send());
    this.unsent.push({ id, name, values });
    return new Promise((resolve, reject) => this.callers.set(id, { resolve, reject }));
  }

  /** Finishes the calls that were made, and closes the file. */
  async close(): Promise<void> {
    this.closing ??= this.end();
    await this.closing;
  }

  private async end(): Promise<void> {
    this.send();
    this.ended ??= new LaunchKeyEngineError(
      'ENGINE_CLOSED',
      `The data file ${this.file} has been closed.`,
    );
    this.worker.ref();
    this.worker.postMessage('close' satisfies Request);
    await this.exited;
  }

  private send(): void {
    const calls = this.unsent;
    this.unsent = [];
    if (calls.length > 0) this.worker.postMessage(calls satisfies Request);
  }

  private settle(all: Done[]): void {
    for (const done of all) {
      const caller = this.callers.get(done.id);
      this.callers.delete(done.id);
      if ('error' in done) caller?.reject(toError(done.error));
      else caller?.resolve(done.value);
    }
    if (this.callers.size === 0 && !this.closing) this.worker.unref();
  }

  /** Rejects all calls, these and later ones. */
  private die(cause?: Error): void {
    if (!this.ended) {
      this.ended = new LaunchKeyEngineError(
        'ENGINE_DATA',
        `The thread of the data file ${this.file} has ended. Restart the engine.`,
        { cause },
      );
      this.thread.failed(this.ended);
    }
    for (const { reject } of this.callers.values()) reject(this.ended);
    this.callers.clear();
  }
}
