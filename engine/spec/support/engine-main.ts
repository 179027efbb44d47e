import { type EngineOptions, startEngine } from '../../lib/index.js';
// What an engine loads only when it is started with a database.
import '../../lib/data/sql/postgres.js';
import '../../lib/data/sql/sqlite.js';

/** An engine as a process of its own: the parent sends its options, and is sent its URL. */
process.once('message', async (options: EngineOptions) => {
  const { url } = await startEngine(options);
  process.send?.(url);
});
process.once('disconnect', () => process.exit());
process.send?.('loaded');
