import { byId, showOnly } from './dom.js';
import { follow, loadState, pair } from './engine.js';
import { RequestCard } from './requests.js';
import { SessionList } from './sessions.js';

const REMEMBERED = 'launchkey.user';

const signIn = byId('sign-in');
const home = byId('home');
let leave: (() => void) | undefined;

/** Shows the user's device; back to the question who it is, if there is no such user. */
async function enter(user: string): Promise<void> {
  const state = await loadState(user);
  localStorage.setItem(REMEMBERED, user);
  leave?.();
  const requests = new RequestCard(user);
  const sessions = new SessionList(user);
  const stop = follow(user, {
    onState: (next) => {
      requests.update(next);
      sessions.update(next);
    },
    onConnection: (connected) => {
      byId('offline').hidden = connected;
    },
    onGone: ask,
  });
  leave = () => {
    stop();
    requests.close();
    sessions.close();
  };
  byId('who-name').textContent = user;
  byId('who').hidden = false;
  showOnly(home, [home, signIn]);
  sessions.update(state);
  requests.update(state);
}

function ask(message = ''): void {
  leave?.();
  leave = undefined;
  byId('who').hidden = true;
  byId('offline').hidden = true;
  byId('name-error').textContent = message;
  showOnly(signIn, [home, signIn]);
  byId<HTMLInputElement>('name').select();
}

function onSubmit(
  form: string,
  field: string,
  error: string,
  act: (value: string) => Promise<void>,
) {
  byId(form).addEventListener('submit', async (event) => {
    event.preventDefault();
    const input = byId<HTMLInputElement>(field);
    const value = input.value.trim();
    const fail = (message: string) => {
      byId(error).textContent = message;
      input.setAttribute('aria-invalid', String(message !== ''));
      if (message) input.focus();
    };
    fail('');
    if (!value) return fail('Please fill this in.');
    try {
      await act(value);
    } catch (failure) {
      fail((failure as Error).message);
    }
  });
}

onSubmit('name-form', 'name', 'name-error', enter);
onSubmit('code-form', 'code', 'code-error', async (code) => enter((await pair(code)).username));
byId('switch').addEventListener('click', () => {
  localStorage.removeItem(REMEMBERED);
  history.replaceState(null, '', location.pathname);
  ask();
});

/** Whom the address names, by code or by name, or who was here before. */
async function begin(): Promise<void> {
  const code = new URLSearchParams(location.hash.slice(1)).get('pair');
  const user = new URLSearchParams(location.search).get('user');
  if (code) {
    // The code works once: a reload must not try it again.
    history.replaceState(null, '', location.pathname);
    return await enter((await pair(code)).username);
  }
  const name = user ?? localStorage.getItem(REMEMBERED);
  if (name) await enter(name);
  else ask();
}

begin().catch((error: Error) => ask(error.message));
