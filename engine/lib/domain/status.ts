import type { Data } from '../data/data.js';
import type { NodeRecord } from '../data/ports/nodes.js';
import type { Fault, Faults } from '../observability/faults.js';
import { VERSION } from '../util/version.js';
import type { Health } from './health.js';
import type { HeldDevices } from './held-devices.js';
import type { HeldPolls } from './held-polls.js';

/** How old the sign of life of a running engine can be, in milliseconds. */
const MAX_SILENCE_MS = 30_000;

/** One engine on the data. */
export interface NodeInfo {
  host: string;
  pid: number;
  version: string;
  url: string;
  startedAt: Date;
  /** When it last wrote a sign of life, every ten seconds. */
  seenAt: Date;
  /** Whether that was in the last half minute. */
  alive: boolean;
  /** Whether it is the engine that was asked. */
  self: boolean;
}

/** The state of an engine, as {@link Engine.status} returns it. */
export interface EngineStatus {
  version: string;
  nodeVersion: string;
  /** Where the data is. */
  data: 'memory' | 'SQLite' | 'PostgreSQL';
  /** Whether it can serve. */
  ready: boolean;
  /** Why it cannot serve. */
  reason?: string;
  /** The engines on the data that were seen in the last hour. Empty while the data cannot be read. */
  nodes: NodeInfo[];
  /** What waits. `undefined` while the data cannot be read. */
  backlog?: { events: number; oldestEventAt?: Date; pendingRequests: number };
  heldPolls: number;
  heldDevices: number;
  /** The latest faults since this engine started, newest first. */
  faults: { at: Date; message: string; code?: string }[];
}

export interface StatusDependencies {
  data: Data;
  kind: EngineStatus['data'];
  health: Health;
  faults: Faults;
  heldPolls: HeldPolls;
  heldDevices: HeldDevices;
  clock: () => number;
}

/** Describes the engine for its operator. */
export class Status {
  private readonly with: StatusDependencies;

  constructor(dependencies: StatusDependencies) {
    this.with = dependencies;
  }

  async read(): Promise<EngineStatus> {
    const { kind, health, faults, heldPolls, heldDevices } = this.with;
    const state = await health.check();
    return {
      version: VERSION,
      nodeVersion: process.versions.node,
      data: kind,
      ready: state.ready,
      ...(!state.ready && { reason: state.reason }),
      ...(state.ready ? await this.readData() : { nodes: [] }),
      heldPolls: heldPolls.size,
      heldDevices: heldDevices.size,
      faults: faults.recent.map(showFault),
    };
  }

  private async readData(): Promise<Pick<EngineStatus, 'nodes' | 'backlog'>> {
    const { data, clock } = this.with;
    const [nodes, events, oldest, pendingRequests] = await Promise.all([
      data.nodes.list(),
      data.deliveries.count(),
      data.deliveries.oldest(),
      data.requests.countOpen(clock()),
    ]);
    const oldestEventAt = oldest === undefined ? {} : { oldestEventAt: new Date(oldest) };
    return {
      nodes: nodes.map((node) => this.showNode(node)),
      backlog: { events, ...oldestEventAt, pendingRequests },
    };
  }

  private showNode({ id, startedAt, seenAt, ...node }: NodeRecord): NodeInfo {
    return {
      ...node,
      startedAt: new Date(startedAt),
      seenAt: new Date(seenAt),
      alive: this.with.clock() - seenAt < MAX_SILENCE_MS,
      self: id === this.with.health.nodeId,
    };
  }
}

function showFault({ at, ...fault }: Fault): EngineStatus['faults'][number] {
  return { at: new Date(at), ...fault };
}
