/** What PostgreSQL and SQLite say of a row that refers to one that does not exist (any more). */
export function isReferenceToNothing(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === '23503' || code === 'SQLITE_CONSTRAINT_FOREIGNKEY';
}
