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

/** An entry that was written. */
export interface WrittenAudit extends AuditRecord {
  /** Entries that are written later have greater numbers. */
  seq: number;
}

export interface AuditFilter {
  /** Entries of these users; without it, all. */
  userIds?: readonly string[];
  since?: number;
  until?: number;
  /** Entries with greater numbers, oldest first. Every entry with a smaller number is written by then. */
  after?: number;
  /** Entries with smaller numbers, newest first. */
  before?: number;
  limit: number;
}

export interface AuditPort {
  /** In memory, the newest ten thousand entries are kept. */
  insert(record: AuditRecord): Promise<void>;
  /** The newest entries first, unless the filter has `after`. */
  list(filter: AuditFilter): Promise<WrittenAudit[]>;
  /** The users of these names that were deleted, as far as the trail goes back. */
  deletedUserIds(usernames: readonly string[]): Promise<string[]>;
}
