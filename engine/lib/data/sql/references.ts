/** Whether PostgreSQL or SQLite refused a row because it references one that does not exist. */
export function violatesReference(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === '23503' || code === 'SQLITE_CONSTRAINT_FOREIGNKEY';
}

/** Runs a step, which returns `'gone'` if it references a row that does not exist. */
export async function orGone<T>(step: () => Promise<T>): Promise<T | 'gone'> {
  try {
    return await step();
  } catch (error) {
    if (violatesReference(error)) return 'gone';
    throw error;
  }
}
