import type { NodePort, NodeRecord } from '../ports/nodes.js';
import type { Database, NodeRow } from './schema.js';

/** How long an engine is listed that ended without saying so. */
const REMEMBER_NODE_MS = 3_600_000;

export class SqlNodes implements NodePort {
  private readonly db: Database;

  constructor(db: Database) {
    this.db = db;
  }

  async beat(node: NodeRecord): Promise<void> {
    const row = nodeRow(node);
    await this.db
      .insertInto('nodes')
      .values(row)
      .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
      .execute();
  }

  async list(): Promise<NodeRecord[]> {
    const rows = await this.db
      .selectFrom('nodes')
      .selectAll()
      .orderBy('started_at')
      .orderBy('id')
      .execute();
    return rows.map(nodeRecord);
  }

  async delete(id: string): Promise<void> {
    await this.db.deleteFrom('nodes').where('id', '=', id).execute();
  }

  async sweep(now: number): Promise<void> {
    await this.db
      .deleteFrom('nodes')
      .where('seen_at', '<=', now - REMEMBER_NODE_MS)
      .execute();
  }
}

function nodeRow({ startedAt, seenAt, ...node }: NodeRecord): NodeRow {
  return { ...node, started_at: startedAt, seen_at: seenAt };
}

function nodeRecord({ started_at, seen_at, ...node }: NodeRow): NodeRecord {
  return { ...node, startedAt: started_at, seenAt: seen_at };
}
