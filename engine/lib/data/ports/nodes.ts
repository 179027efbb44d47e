/** One running engine on the data. */
export interface NodeRecord {
  id: string;
  host: string;
  pid: number;
  version: string;
  url: string;
  startedAt: number;
  /** When it last wrote this record. */
  seenAt: number;
}

export interface NodePort {
  /** Inserts the record of an engine, or replaces it. It also proves that the data can be written. */
  beat(node: NodeRecord): Promise<void>;
  /** The engines that were seen in the last hour, the oldest first. */
  list(): Promise<NodeRecord[]>;
  delete(id: string): Promise<void>;
}
