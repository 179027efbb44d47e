// A page that changes by script alone: the login form, the wait, its end, and who is logged in.

/** A held request that takes longer was lost on the way: the server holds it for 25 seconds. */
const LOST = 40_000;
const LONGEST_PAUSE = 15_000;

const find = (selector) => document.querySelector(selector);

/**
 * The login that this tab waits for: its name for the server, its user and its number. Of the tab,
 * so that two of them can log in side by side; and a reload waits on.
 */
const begun = {
  get: () => JSON.parse(sessionStorage.getItem('login') ?? 'null'),
  set: (login) => sessionStorage.setItem('login', JSON.stringify(login)),
  clear: () => sessionStorage.removeItem('login'),
};

/** Ends the request that waits. */
let waiting = new AbortController();

find('form').addEventListener('submit', async (event) => {
  event.preventDefault();
  // Sent once, however often the button is pressed.
  event.target.inert = true;
  await attempt(() => begin(find('#username').value));
  event.target.inert = false;
});
find('[data-cancel]').addEventListener('click', () => attempt(cancel));
find('[data-again]').addEventListener('click', () => attempt(() => begin(find('#username').value)));
find('[data-login]').addEventListener('click', () => show('login'));
find('[data-refresh]').addEventListener('click', () => attempt(showAccount));
find('[data-logout]').addEventListener('click', () => attempt(logOut));
document.addEventListener('visibilitychange', resume);
addEventListener('online', resume);
resume();

/** Goes on where the page was, when it is opened and whenever it comes back to sight. */
function resume() {
  // A phone puts the page to sleep while its user approves on it. A request that is under way then
  // could end in a login whose cookie never arrives. So nothing waits in the background.
  waiting.abort();
  if (document.hidden) return;
  if (begun.get()) wait();
  else if (find('main').dataset.view !== 'over') attempt(showAccount);
}

async function begin(username) {
  find('#username').value = username;
  const { status, body } = await post('/api/login', { username });
  if (status !== 202) return show('over', body.message);
  const { request, number } = body;
  begun.set({ username, request, number });
  await wait();
}

/** Asks until the user has answered; each request is held until then, or for a while. */
async function wait() {
  waiting.abort();
  const mine = new AbortController();
  waiting = mine;
  const { username, request, number } = begun.get();
  find('#username').value = username;
  find('[data-username]').textContent = username;
  // In two groups, which are easier to keep in mind. The phone accepts the blank, too.
  find('[data-number]').textContent = String(number).replace(/(?<=^\d{3})(?=\d{3}$)/, '\u00a0');
  show('waiting');
  let failures = 0;
  while (!mine.signal.aborted) {
    try {
      const signal = AbortSignal.any([mine.signal, AbortSignal.timeout(LOST)]);
      const answer = await post('/api/login', { request }, { signal });
      if (mine.signal.aborted) return;
      if (answer.status !== 202) return await end(answer);
      failures = 0;
      say('');
    } catch {
      if (mine.signal.aborted) return;
      failures += 1;
      // One alone is nothing to speak of: networks change.
      if (failures > 1) say('The server cannot be reached. Trying again …');
      await pause(Math.min(500 * 2 ** failures, LONGEST_PAUSE), mine.signal);
    }
  }
}

async function end({ status, body }) {
  begun.clear();
  // An earlier answer may have got lost on the way: then this browser is logged in already.
  if (status === 200 || body.code === 'finished') await attempt(showAccount);
  else if (body.code === 'missing_username') show('login', 'That login is over.');
  else show('over', body.message);
}

/** The request that waits ends by it, and says how: an approval may have come first. */
async function cancel() {
  const { request } = begun.get();
  await post('/api/login/cancel', { action: 'cancel', request }, { redirect: 'manual' });
}

/** Shows who is logged in. A login that was ended on the phone is noticed here. */
async function showAccount() {
  const { status, body } = await call('/api/account');
  if (status === 200) {
    find('[data-name]').textContent = body.user.name;
    return show('home');
  }
  const wasLoggedIn = find('main').dataset.view === 'home';
  show('login', wasLoggedIn ? 'You were logged out.' : '');
}

async function logOut() {
  await post('/api/logout');
  show('login', 'You are logged out.');
}

/** For what a user has clicked: trouble is told, and can be tried again by another click. */
async function attempt(action) {
  try {
    await action();
  } catch {
    say('The server cannot be reached. Please try again.');
  }
}

function post(path, fields = {}, init = {}) {
  const headers = { 'content-type': 'application/json' };
  return call(path, { method: 'POST', headers, body: JSON.stringify(fields), ...init });
}

/** @throws if the server is away or in trouble. */
async function call(path, init) {
  const response = await fetch(path, init);
  if (response.status >= 500) throw new Error(`${path} answered ${response.status}`);
  const isJson = response.headers.get('content-type')?.includes('application/json');
  return { status: response.status, body: isJson ? await response.json() : {} };
}

function show(view, message = '') {
  const main = find('main');
  if (main.dataset.view !== view) {
    main.dataset.view = view;
    for (const section of main.querySelectorAll('section')) section.hidden = section.id !== view;
    find(`#${view} h1`).focus();
  }
  say(message);
}

function say(message) {
  find('[role=status]').textContent = message;
}

/** Ends sooner when the signal is aborted. */
function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', resolve, { once: true });
  });
}
