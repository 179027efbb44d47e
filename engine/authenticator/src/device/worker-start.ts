import { t } from '../texts/index.js';

/**
 * Starts the service worker: it keeps the page's own files, so that the page opens without a connection
 * and can say what is missing, and shows notifications. It stands beside the page's files and may serve
 * the page itself, which is one level up.
 */
export function startWorker(): void {
  const { serviceWorker } = navigator;
  if (!serviceWorker) return;
  const scope = new URL('../../authenticator', import.meta.url).pathname;
  // The only way to tell it the language that holds when it is woken without a page.
  const texts = new URLSearchParams({ title: t.notificationTitle, text: t.notificationText });
  serviceWorker
    .register(new URL(`../worker.js?${texts}`, import.meta.url), { scope })
    .then(() => serviceWorker.ready)
    .then(({ active }) => {
      const loaded = performance.getEntriesByType('resource').map(({ name }) => name);
      active?.postMessage({ keep: [location.pathname, ...loaded] });
    })
    // The page works without it, for as long as there is a connection.
    .catch(() => {});
}
