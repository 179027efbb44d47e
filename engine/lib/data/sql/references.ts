/** Whether PostgreSQL or SQLite refused a row because it references one that does not exist. */
export function violatesReference(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === '23503' || code === 'SQLITE_CONSTRAINT_FOREIGNKEY';
}
