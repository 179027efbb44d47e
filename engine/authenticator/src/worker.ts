// The service worker: keeps the page's own files, for times without a connection, and shows that there is
// something to look at. Nothing of what the engine says of a user is ever kept. A script of its own: it must not import or export anything.
(() => {
  interface Extendable extends Event {
    waitUntil(work: Promise<unknown>): void;
  }
  interface Fetching extends Extendable {
    readonly request: Request;
    respondWith(response: Promise<Response>): void;
  }
  interface Worker {
    readonly registration: ServiceWorkerRegistration;
    readonly clients: {
      claim(): Promise<void>;
      matchAll(options: { type: 'window' }): Promise<{ focus(): Promise<unknown> }[]>;
      openWindow(url: string): Promise<unknown>;
    };
    skipWaiting(): Promise<void>;
    addEventListener(type: 'install' | 'activate' | 'push', act: (event: Extendable) => void): void;
    addEventListener(type: 'fetch', act: (event: Fetching) => void): void;
    addEventListener(
      type: 'notificationclick',
      act: (event: Extendable & { notification: Notification }) => void,
    ): void;
    addEventListener(type: 'message', act: (event: Extendable & { data: unknown }) => void): void;
  }

  const CACHE = 'launchkey-authenticator';
  const worker = self as unknown as Worker;
  const scope = new URL(worker.registration.scope);

  worker.addEventListener('install', (event) => event.waitUntil(worker.skipWaiting()));
  worker.addEventListener('activate', (event) => event.waitUntil(worker.clients.claim()));
  worker.addEventListener('message', (event) => {
    const { keep } = (event.data ?? {}) as { keep?: unknown };
    if (Array.isArray(keep)) event.waitUntil(keepAll(keep.map(String)));
  });
  worker.addEventListener('fetch', (event) => {
    const key = keyOf(event.request.url);
    if (event.request.method === 'GET' && key) event.respondWith(newest(event.request, key));
  });

  // A push says no more than that; what there is to see, the page asks for itself.
  worker.addEventListener('push', (event) => event.waitUntil(notify()));
  worker.addEventListener('notificationclick', (event) => {
    event.notification.close();
    event.waitUntil(openPage());
  });

  async function notify(): Promise<void> {
    const texts = new URL(location.href).searchParams;
    await worker.registration.showNotification(texts.get('title') ?? 'Authenticator', {
      body: texts.get('text') ?? '',
      icon: new URL('icon-192.png', location.href).href,
      // The next one takes the place of this one.
      tag: 'request',
    });
  }

  async function openPage(): Promise<void> {
    const [page] = await worker.clients.matchAll({ type: 'window' });
    await (page ? page.focus() : worker.clients.openWindow(scope.href));
  }

  /** Under what a file of the page is kept; `undefined` for all else, above all what the engine says. */
  function keyOf(address: string): string | undefined {
    const { origin, pathname } = new URL(address, scope);
    const inside = pathname === scope.pathname || pathname.startsWith(`${scope.pathname}/`);
    const said = /^\/(api|virtual)\//.test(pathname.slice(scope.pathname.length));
    return origin === scope.origin && inside && !said ? origin + pathname : undefined;
  }

  async function keepAll(addresses: string[]): Promise<void> {
    const cache = await caches.open(CACHE);
    const keys = new Set(addresses.map(keyOf));
    for (const key of keys) {
      if (key && !(await cache.match(key))) await cache.add(key).catch(() => {});
    }
  }

  /** From the engine if it can be reached, else as it was last. */
  async function newest(request: Request, key: string): Promise<Response> {
    const cache = await caches.open(CACHE);
    try {
      const response = await fetch(request);
      if (response.ok && response.type === 'basic') await cache.put(key, response.clone());
      return response;
    } catch (error) {
      const kept = await cache.match(key);
      if (kept) return kept;
      throw error;
    }
  }
})();
