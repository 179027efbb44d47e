import type { AppRecord } from '../ports/apps.js';
import type { UserRecord } from '../ports/users.js';

/** The records that the records of all other ports refer to. */
export interface Rows {
  /** By app key. */
  readonly apps: Map<string, AppRecord>;
  /** By id. */
  readonly users: Map<string, UserRecord>;
}
