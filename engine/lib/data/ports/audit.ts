/** An entry in the audit trail. */
export interface AuditRecord {
  id: string;
  at: number;
  /** `device.paired`, `request.denied`, … */
  kind: string;
  userId?: string;
  appKey?: string;
  deviceId?: string;
  details: Record<string, string | number | boolean>;
}

export interface AuditPort {
  /** In memory, the newest ten thousand entries are kept. */
  insert(record: AuditRecord): Promise<void>;
  /** The newest entries first, of one user or of all. */
  list(filter: { userId?: string; limit: number }): Promise<AuditRecord[]>;
}
