import { afterAll, beforeAll } from 'vitest';
import { describeWith } from '../../../spec/support/programs.js';
import { shared } from '../../../spec/support/shared.js';
import { MISSING, Postgres, postgresBin } from './postgres-server.js';

/**
 * `describe` for tests that need PostgreSQL; see {@link describeWith}. They get the server that all
 * share, or with `own` one that they may stop.
 */
export function describeWithPostgres(
  name: string,
  tests: (server: () => Postgres) => void,
  { own = false } = {},
): void {
  const found = postgresBin() !== null;
  describeWith({ name: 'PostgreSQL', found, missing: MISSING }, name, () => {
    let server: Postgres;
    beforeAll(async () => {
      server = own ? await Postgres.start() : Postgres.at(await shared('postgres'));
    });
    if (own) afterAll(async () => await server?.stop());
    tests(() => server);
  });
}
