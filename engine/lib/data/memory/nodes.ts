import type { NodePort, NodeRecord } from '../ports/nodes.js';

/** Data in memory belongs to one engine. */
export class MemoryNodes implements NodePort {
  private readonly byId = new Map<string, NodeRecord>();

  async beat(node: NodeRecord) {
    this.byId.set(node.id, node);
  }

  async list() {
    return [...this.byId.values()];
  }

  async delete(id: string) {
    this.byId.delete(id);
  }
}
