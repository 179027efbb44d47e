import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MISSING, Postgres, postgresBin } from '../engine/spec/support/postgres-server.js';
import { Child, type ChildOptions } from './child.js';
import type { Population } from './fill.js';
import type { NodeMethods, NodeOptions } from './node-process.js';
import { say } from './say.js';

/** Where an engine keeps its data. */
export type Place = 'memory' | 'SQLite' | 'PostgreSQL';

/** An engine in a process of its own. */
export interface Node {
  child: Child<NodeMethods>;
  url: string;
  /** To start another one with the same data. */
  where: NodeOptions;
}

const KEY = Buffer.alloc(32, 7).toString('base64');

/** Starts engines on all kinds of data, and takes everything away at the end. */
export class Places {
  private readonly folder = mkdtempSync(join(tmpdir(), 'bench-'));
  private readonly postgres: Postgres | undefined;
  private readonly nodes: Node[] = [];
  private files = 0;

  private constructor(postgres: Postgres | undefined) {
    this.postgres = postgres;
  }

  static async open(): Promise<Places> {
    if (postgresBin() !== null) return new Places(await Postgres.start({ durable: true }));
    say(`without PostgreSQL: ${MISSING}`);
    return new Places(undefined);
  }

  /** What there is on this machine. */
  get names(): Place[] {
    return this.postgres ? ['memory', 'SQLite', 'PostgreSQL'] : ['memory', 'SQLite'];
  }

  /** An engine on new data of that kind. */
  async start(
    place: Place,
    population: Population,
    options: NodeOptions & ChildOptions = {},
  ): Promise<Node> {
    const { flags, env, ...given } = options;
    const where = { ...(await this.where(place)), ...given };
    return await this.run(where, population, { flags, env });
  }

  /** One more engine with the data of another. */
  async join({ where }: Node): Promise<Node> {
    return await this.run(where);
  }

  async stop(node: Node): Promise<void> {
    await node.child.call('close');
    await node.child.end();
    this.nodes.splice(this.nodes.indexOf(node), 1);
  }

  async close(): Promise<void> {
    for (const node of [...this.nodes]) await node.child.end();
    await this.postgres?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async run(
    where: NodeOptions,
    population?: Population,
    options?: ChildOptions,
  ): Promise<Node> {
    const child = new Child<NodeMethods>('node-process', options);
    const url = await child.call('start', { ...where, population });
    const node = { child, url, where };
    this.nodes.push(node);
    return node;
  }

  private async where(place: Place): Promise<NodeOptions> {
    if (place === 'memory') return {};
    if (place === 'SQLite') return { data: join(this.folder, `${this.files++}.db`), key: KEY };
    return { databaseUrl: await this.postgres?.database(), key: KEY };
  }
}
