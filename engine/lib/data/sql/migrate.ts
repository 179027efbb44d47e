import { type Kysely, type Migration, Migrator } from 'kysely';
import { LaunchKeyEngineError } from '../../errors.js';
import { migrations } from './migrations/all.js';
import type { Schema } from './schema.js';

/** Migrates the tables to this version. Of several processes at once, one migrates and others wait. */
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
      'The data was made by a newer version of the engine. Start that version, or restore a backup.',
      { cause: error },
    );
  }
  throw error;
}
