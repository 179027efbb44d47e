import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Data } from '../data/data.js';
import { DataFault, reasonOf } from '../data/data-faults.js';
import type { NodeRecord } from '../data/ports/nodes.js';
import { codeOf, type Faults, type Watched } from '../observability/faults.js';
import { VERSION } from '../util/version.js';
import type { Address } from './address.js';

/** Interval between two checks by the engine itself, in ms of real time. */
const CHECK_INTERVAL_MS = 500;
/** How long the data may take to answer a check, in ms. */
const CHECK_TIMEOUT_MS = 1200;
/** How old the proof of a write may be when `/readyz` is asked, in ms. */
const MAX_PROOF_AGE_MS = 500;
/** Interval between two writes of an engine that is not probed, in ms. */
const BEAT_INTERVAL_MS = 10_000;
/** A proxy that asks for the readiness does so at least this often, in ms. */
const PROBE_INTERVAL_MS = 30_000;
/** Failed probes after which proxies send no more requests. HAProxy's default. */
const FAILED_PROBES = 3;

export type Readiness = { ready: true } | { ready: false; reason: string };

export interface HealthDependencies {
  data: Data;
  address: Address;
  faults: Faults;
  clock: () => number;
}

/**
 * Knows whether the engine can serve: whether its data can be read and written, and whether it learns of
 * changes by other engines. It checks by itself, so that an outage is logged without a call.
 */
export class Health {
  readonly nodeId = randomUUID();
  private readonly with: HealthDependencies;
  private readonly watched: Watched;
  private readonly startedAt: number;
  private state: Readiness = { ready: true };
  private checking: { since: number; done: Promise<void> } | undefined;
  private checkedAt = Number.NEGATIVE_INFINITY;
  private writtenAt = Number.NEGATIVE_INFINITY;
  /** When the last two probes came. */
  private probedAt: [number, number] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  private stopping = false;
  private failedProbes = 0;

  constructor(dependencies: HealthDependencies) {
    this.with = dependencies;
    this.watched = dependencies.faults.watch('not ready', 'ready again', { settleMs: 0 });
    this.startedAt = dependencies.clock();
  }

  /** What the last check has found. */
  get readiness(): Readiness {
    return this.state;
  }

  /** Whether the engine is about to close. */
  get isStopping(): boolean {
    return this.stopping;
  }

  /** Whether a proxy asks for the readiness, so that it notices when the engine stops. */
  get isProbed(): boolean {
    return performance.now() - this.probedAt[0] < PROBE_INTERVAL_MS;
  }

  /** Whether proxies have noticed that the engine stops. */
  get isOutOfService(): boolean {
    return this.failedProbes >= FAILED_PROBES;
  }

  /** From now on the engine is not ready. */
  stop(): void {
    this.stopping = true;
  }

  /** Answers a probe of a proxy. */
  async probe(): Promise<Readiness> {
    this.probedAt = [this.probedAt[1], performance.now()];
    if (!this.stopping) return await this.check();
    this.failedProbes += 1;
    return { ready: false, reason: 'the engine is stopping' };
  }

  /** Checks that the data can be written now, or at most half a second ago. */
  async check(): Promise<Readiness> {
    const deadline = performance.now() + CHECK_TIMEOUT_MS;
    const fresh = () => performance.now() - this.writtenAt < MAX_PROOF_AGE_MS;
    if (this.state.ready && fresh()) return this.state;
    if (this.checking) await this.waitUntil(deadline);
    if (!this.checking && !(this.state.ready && fresh())) this.begin(true);
    if (this.checking) await this.waitUntil(deadline);
    this.noticeTimeout();
    return this.state;
  }

  /** Called by the engine's sweep. */
  tick(): void {
    void afterReading().then(() => this.noticeTimeout());
    const now = performance.now();
    if (this.checking || now - this.checkedAt < CHECK_INTERVAL_MS) return;
    this.begin(!this.state.ready || now - this.writtenAt >= BEAT_INTERVAL_MS);
  }

  /** Checks at once after a step has failed by a fault of the data. */
  suspect(error: unknown): void {
    const refusal = /^(SQLITE_CONSTRAINT|23|40|ENGINE_)/.test(codeOf(error) ?? '');
    if (!refusal && !this.checking && this.state.ready) this.begin(true);
  }

  /** Forgets this engine in the list of nodes. */
  async leave(): Promise<void> {
    await this.checking?.done;
    if (this.state.ready) await this.with.data.nodes.delete(this.nodeId).catch(() => {});
  }

  private begin(write: boolean): void {
    const since = performance.now();
    this.checkedAt = since;
    const done = this.prove(write)
      .then(
        () => this.change({ ready: true }),
        (error) => this.change({ ready: false, reason: reasonOf(codeOf(error)) }, error),
      )
      .finally(() => {
        this.checking = undefined;
      });
    this.checking = { since, done };
  }

  private async prove(write: boolean): Promise<void> {
    const { data } = this.with;
    await data.check();
    if (!write) return;
    await data.nodes.beat(this.node());
    this.writtenAt = performance.now();
  }

  private node(): NodeRecord {
    return {
      id: this.nodeId,
      host: hostname(),
      pid: process.pid,
      version: VERSION,
      url: this.with.address.url,
      startedAt: this.startedAt,
      seenAt: this.with.clock(),
    };
  }

  /** Resolves when the check is done, or at the deadline. */
  private async waitUntil(deadline: number): Promise<void> {
    const { checking } = this;
    if (!checking) return;
    let timer: NodeJS.Timeout | undefined;
    const end = Math.min(deadline, checking.since + CHECK_TIMEOUT_MS) - performance.now();
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, Math.max(0, end));
    });
    await Promise.race([checking.done, timeout]);
    clearTimeout(timer);
    await afterReading();
  }

  private noticeTimeout(): void {
    if (!this.checking || performance.now() - this.checking.since < CHECK_TIMEOUT_MS) return;
    const fault = new DataFault('DATA_TIMEOUT', 'The data does not answer.');
    this.change({ ready: false, reason: reasonOf(fault.code) }, fault);
  }

  private change(state: Readiness, error?: unknown): void {
    this.state = state;
    if (state.ready) this.watched.worked();
    else this.watched.failed(error);
  }
}

/** Resolves when what has arrived was read: after a busy time, a late timer is no late answer. */
function afterReading(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
