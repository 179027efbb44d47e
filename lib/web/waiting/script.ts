/**
 * The script of the waiting page. It requests the status, one request at a time, and shows changes.
 * The page works without it.
 */
export const SCRIPT = `(() => {
  'use strict';

  const main = document.querySelector('main');
  const find = (selector) => main.querySelector(selector);
  const away = find('[data-away]');
  const time = find('[data-time]');
  const progress = find('progress');
  const announcement = find('[data-announcement]');
  const finish = find('[data-finish]');
  const repeat = find('[data-repeat]');

  // The server holds a request for 20 seconds, so a longer one was lost on its way.
  const REQUEST_TIMEOUT_MS = 30000;
  const MAX_PAUSE_MS = 15000;
  const MIN_INTERVAL_MS = 1000;
  const LAST_MINUTE_SECONDS = 60;

  let ended = false;
  let failures = 0;
  let current = null;
  let timer = 0;
  let warned = false;
  let endsAt = 0;
  const repeatAt = Number(main.dataset.repeatAt);

  // The page may show the newest login, which another tab may change.
  const statusUrl = new URL(location.href);
  statusUrl.searchParams.set('request', main.dataset.request);

  function setRemaining(seconds) {
    endsAt = Date.now() + seconds * 1000;
    showRemaining();
  }

  function showRemaining() {
    const left = Math.max(0, Math.ceil((endsAt - Date.now()) / 1000));
    time.textContent = Math.floor(left / 60) + ':' + String(left % 60).padStart(2, '0');
    progress.value = left;
    if (repeat && left <= repeatAt) repeat.hidden = false;
    if (left > LAST_MINUTE_SECONDS) warned = false;
    else if (!warned && !ended) {
      warned = true;
      announce(main.dataset.lastMinute);
    }
  }

  function announce(text) {
    announcement.textContent = text;
  }

  function show(state, reason) {
    const explained = reason && find('[data-section="' + state + '"][data-reason="' + reason + '"]');
    const section = explained || find('[data-section="' + state + '"]:not([data-reason])');
    const heading = section.querySelector('h1');
    for (const other of main.querySelectorAll('section')) {
      const focused = other !== section && other.contains(document.activeElement);
      other.hidden = other !== section;
      if (focused) requestAnimationFrame(() => heading.focus());
    }
    document.title = heading.textContent;
    announce(heading.textContent + '. ' + section.querySelector('p').textContent);
  }

  function end() {
    ended = true;
    clearTimeout(timer);
    clearInterval(clock);
  }

  function apply(status) {
    if (status.state === 'pending') {
      setRemaining(status.expiresIn);
      return;
    }
    end();
    if (status.state === 'answered') {
      show('answered');
      finish.submit();
    } else if (status.state === 'denied' || status.state === 'expired') {
      show(status.state, status.reason);
    } else {
      location.reload();
    }
  }

  // A single failure is not shown: phones cut connections when they put a page to sleep.
  function onFailure() {
    failures += 1;
    if (failures === 2 && away.hidden) {
      away.hidden = false;
      announce(away.textContent);
    }
    const pause = Math.min(1000 * 2 ** (failures - 1), MAX_PAUSE_MS);
    requestAfter(pause * (0.5 + Math.random()));
  }

  function onSuccess() {
    failures = 0;
    if (away.hidden) return;
    away.hidden = true;
    announce(main.dataset.back);
  }

  function requestAfter(pause) {
    clearTimeout(timer);
    if (!ended) timer = setTimeout(requestStatus, pause);
  }

  async function requestStatus() {
    clearTimeout(timer);
    if (current) current.abort();
    const request = new AbortController();
    current = request;
    const timeout = setTimeout(() => request.abort(), REQUEST_TIMEOUT_MS);
    const sentAt = Date.now();
    const headers = { accept: 'application/json' };
    // After a failure, a held request would hide for 20 seconds that the engine is back.
    const short = failures > 0 || !away.hidden;
    if (short) headers.prefer = 'wait=0';
    try {
      const response = await fetch(statusUrl, {
        headers,
        cache: 'no-store',
        credentials: 'same-origin',
        signal: request.signal,
      });
      const status = await response.json();
      if (request !== current) return;
      if (typeof status.state !== 'string') throw new TypeError('no status');
      apply(status);
      if (ended) return;
      if (status.away) return onFailure();
      onSuccess();
      // An early response was not held, so the next request must not follow without a pause.
      requestAfter(short ? 0 : Math.max(0, MIN_INTERVAL_MS - (Date.now() - sentAt)));
    } catch {
      if (request === current) onFailure();
    } finally {
      clearTimeout(timeout);
    }
  }

  // After a sleep or a network loss, the current request is most likely dead, and earlier failures
  // say nothing about the next one.
  function resume() {
    if (ended || document.visibilityState === 'hidden') return;
    failures = 0;
    requestStatus();
  }

  const clock = setInterval(showRemaining, 1000);
  setRemaining(Number(main.dataset.expiresIn));
  document.addEventListener('visibilitychange', resume);
  addEventListener('online', resume);
  addEventListener('pageshow', (event) => {
    if (!event.persisted) return;
    // The page is shown again as it was left, and its login may have continued.
    if (ended) location.reload();
    else resume();
  });

  if (main.dataset.state === 'answered') apply({ state: 'answered' });
  else requestStatus();
})();
`;
