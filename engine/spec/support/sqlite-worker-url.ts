import { pathToFileURL } from 'node:url';
import { programPath } from '../../../spec/support/shared.js';

/** Stands in for `lib/data/sql/sqlite-worker-url.ts` in tests, since a thread loads no TypeScript. */
export const sqliteWorkerUrl = pathToFileURL(await programPath('sqlite-worker'));
