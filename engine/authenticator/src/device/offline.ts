/**
 * Has the page's own files kept, so that it opens without a connection and can say what is missing.
 * The worker's address is beside the page; it may serve the page itself, which is one level up.
 */
export function keepForOffline(): void {
  const { serviceWorker } = navigator;
  if (!serviceWorker) return;
  const scope = new URL('../../authenticator', import.meta.url).pathname;
  serviceWorker
    .register(new URL('../worker.js', import.meta.url), { scope })
    .then(() => serviceWorker.ready)
    .then(({ active }) => {
      const loaded = performance.getEntriesByType('resource').map(({ name }) => name);
      active?.postMessage({ keep: [location.pathname, ...loaded] });
    })
    // The page works without it, for as long as there is a connection.
    .catch(() => {});
}
