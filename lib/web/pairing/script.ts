/**
 * The script of the pairing page. It looks for a new phone, one request at a time, and continues
 * when there is one. The page works without it.
 */
export const SCRIPT = `(() => {
  'use strict';

  const main = document.querySelector('main');
  const known = new Set(main.dataset.known.split(' '));
  const find = (selector) => main.querySelector(selector);
  const time = find('[data-time]');
  const away = find('[data-away]');
  const announcement = find('[data-announcement]');
  const next = find('[data-continue]');

  const INTERVAL_MS = 2000;
  const MAX_PAUSE_MS = 15000;
  const REQUEST_TIMEOUT_MS = 15000;
  // A screen reader needs a moment to read that the phone is paired.
  const CONTINUE_AFTER_MS = 1500;

  let ended = false;
  let failures = 0;
  let timer = 0;
  let current = null;
  const endsAt = Date.now() + Number(main.dataset.expiresIn) * 1000;

  function show(state) {
    const section = find('[data-section="' + state + '"]');
    const heading = section.querySelector('h1');
    for (const other of main.querySelectorAll('section')) other.hidden = other !== section;
    document.title = heading.textContent;
    heading.focus();
    announcement.textContent = heading.textContent;
  }

  function end(state) {
    ended = true;
    clearTimeout(timer);
    clearInterval(clock);
    if (current) current.abort();
    show(state);
  }

  function showRemaining() {
    const left = Math.max(0, Math.ceil((endsAt - Date.now()) / 1000));
    time.textContent = Math.floor(left / 60) + ':' + String(left % 60).padStart(2, '0');
    if (left === 0) end('expired');
  }

  function requestAfter(pause) {
    clearTimeout(timer);
    if (!ended) timer = setTimeout(look, pause);
  }

  function onFailure() {
    failures += 1;
    if (failures === 2) away.hidden = false;
    const pause = Math.min(1000 * 2 ** failures, MAX_PAUSE_MS);
    requestAfter(pause * (0.5 + Math.random()));
  }

  async function look() {
    clearTimeout(timer);
    if (current) current.abort();
    const request = new AbortController();
    current = request;
    const timeout = setTimeout(() => request.abort(), REQUEST_TIMEOUT_MS);
    try {
      const response = await fetch(location.pathname, {
        headers: { accept: 'application/json' },
        cache: 'no-store',
        credentials: 'same-origin',
        signal: request.signal,
      });
      // The session has ended: the page itself says what to do.
      if (response.status === 401) return location.reload();
      const { devices } = await response.json();
      if (request !== current || ended) return;
      failures = 0;
      away.hidden = true;
      if (!devices.some(({ id }) => !known.has(id))) return requestAfter(INTERVAL_MS);
      end('paired');
      setTimeout(() => location.assign(next.href), CONTINUE_AFTER_MS);
    } catch {
      if (request === current && !ended) onFailure();
    } finally {
      clearTimeout(timeout);
    }
  }

  function resume() {
    if (ended || document.visibilityState === 'hidden') return;
    failures = 0;
    look();
  }

  const clock = setInterval(showRemaining, 1000);
  showRemaining();
  document.addEventListener('visibilitychange', resume);
  addEventListener('online', resume);
  // The page is shown again as it was left, and its code may be used or expired.
  addEventListener('pageshow', (event) => event.persisted && location.reload());
  requestAfter(INTERVAL_MS);
})();
`;
