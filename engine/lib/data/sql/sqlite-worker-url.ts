/** The module that {@link openSqlite} runs in a thread of its own. */
export const sqliteWorkerUrl = new URL('./sqlite-worker.js', import.meta.url);
