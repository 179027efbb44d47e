import { type Kysely, type Migration, Migrator } from 'kysely';
import { LaunchKeyEngineError } from '../../errors.js';
import { migrations } from './migrations/index.js';
import type { Schema } from './schema.js';

/**
 * Brings the tables up to this version. Several processes may do so at once: one does the work and
 * the others wait for it.
 */
export async function migrate(
  db: Kysely<Schema>,
  known: Record<string, Migration> = migrations,
): Promise<void> {
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => known },
  });
  const { error } = await migrator.migrateToLatest();
  if (!error) return;
  if (error instanceof Error && /corrupted migrations/.test(error.message)) {
    throw new LaunchKeyEngineError(
      'ENGINE_DATA',
      'The data was made by a newer version of the engine: start that one, or restore a backup.',
      { cause: error },
    );
  }
  throw error;
}
