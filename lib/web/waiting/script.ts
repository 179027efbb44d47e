/**
 * The script of the waiting page. It asks for the status, one request at a time, and shows what
 * has changed; the page works without it.
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

  // A request that takes longer than this was lost on the way: the server holds it for 20 seconds.
  const LOST = 30000;
  const LONGEST_PAUSE = 15000;

  let over = false;
  let failures = 0;
  let underWay = null;
  let timer = 0;
  let warned = false;
  let endsAt = 0;

  function leaveTime(seconds) {
    endsAt = Date.now() + seconds * 1000;
    showTime();
  }

  function showTime() {
    const left = Math.max(0, Math.ceil((endsAt - Date.now()) / 1000));
    time.textContent = Math.floor(left / 60) + ':' + String(left % 60).padStart(2, '0');
    progress.value = left;
    if (left > 60) warned = false;
    else if (!warned && !over) {
      warned = true;
      announce(main.dataset.lastMinute);
    }
  }

  function announce(text) {
    announcement.textContent = text;
  }

  function show(state) {
    const section = find('[data-section="' + state + '"]');
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
    over = true;
    clearTimeout(timer);
    clearInterval(clock);
  }

  function take(status) {
    if (status.state === 'pending') {
      leaveTime(status.expiresIn);
      return;
    }
    end();
    if (status.state === 'answered') {
      show('answered');
      finish.submit();
    } else if (status.state === 'denied' || status.state === 'expired') {
      show(status.state);
    } else {
      location.reload();
    }
  }

  // One failure alone is nothing to speak of: phones cut connections when they put a page to sleep.
  function failed() {
    failures += 1;
    if (failures === 2 && away.hidden) {
      away.hidden = false;
      announce(away.textContent);
    }
    const pause = Math.min(1000 * 2 ** (failures - 1), LONGEST_PAUSE);
    again(pause * (0.5 + Math.random()));
  }

  function succeeded() {
    failures = 0;
    if (away.hidden) return;
    away.hidden = true;
    announce(main.dataset.back);
  }

  function again(pause) {
    clearTimeout(timer);
    if (!over) timer = setTimeout(ask, pause);
  }

  async function ask() {
    clearTimeout(timer);
    if (underWay) underWay.abort();
    const mine = new AbortController();
    underWay = mine;
    const lost = setTimeout(() => mine.abort(), LOST);
    const began = Date.now();
    const headers = { accept: 'application/json' };
    // After trouble, whether it is over is wanted at once.
    const short = failures > 0 || !away.hidden;
    if (short) headers.prefer = 'wait=0';
    try {
      const response = await fetch(location.href, {
        headers,
        cache: 'no-store',
        credentials: 'same-origin',
        signal: mine.signal,
      });
      const status = await response.json();
      if (mine !== underWay) return;
      if (typeof status.state !== 'string') throw new TypeError('no status');
      take(status);
      if (over) return;
      if (status.away) return failed();
      succeeded();
      // A status that came back early was not held; it must not be asked for without a pause.
      again(short ? 0 : Math.max(0, 1000 - (Date.now() - began)));
    } catch {
      if (mine === underWay) failed();
    } finally {
      clearTimeout(lost);
    }
  }

  /**
   * After a sleep or without a network, what is under way is most likely dead, and the network may
   * take a second longer than the user: what failed before says nothing about the next pause.
   */
  function resume() {
    if (over || document.visibilityState === 'hidden') return;
    failures = 0;
    ask();
  }

  const clock = setInterval(showTime, 1000);
  leaveTime(Number(main.dataset.expiresIn));
  document.addEventListener('visibilitychange', resume);
  addEventListener('online', resume);
  addEventListener('pageshow', (event) => {
    if (!event.persisted) return;
    // Back from another page, as it was left: it may have gone on since.
    if (over) location.reload();
    else resume();
  });

  if (main.dataset.state === 'answered') take({ state: 'answered' });
  else ask();
})();
`;
