import { afterAll, beforeAll } from 'vitest';
import { describeWith } from '../../../spec/support/programs.js';
import { MISSING, Postgres, postgresBin } from './postgres-server.js';

/** `describe` for tests that need PostgreSQL, with one of their own; see {@link describeWith}. */
export function describeWithPostgres(name: string, tests: (server: () => Postgres) => void): void {
  const found = postgresBin() !== null;
  describeWith({ name: 'PostgreSQL', found, missing: MISSING }, name, () => {
    let server: Postgres;
    beforeAll(async () => {
      server = await Postgres.start();
    });
    afterAll(async () => await server?.stop());
    tests(() => server);
  });
}
