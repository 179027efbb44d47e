import { byId, showOnly } from '../dom.js';
import { onSubmit } from '../form.js';
import { RequestCard } from '../requests.js';
import { SessionList } from '../sessions.js';
import { follow, loadState, pair, VirtualPhone } from './engine.js';

const signIn = byId('sign-in');
const home = byId('home');
let leave: (() => void) | undefined;

/** The virtual device of the user whom the address names, or the question whose it shall be. */
export async function startVirtual(user: string): Promise<void> {
  byId('notice').hidden = false;
  byId('switch').hidden = false;
  byId('switch').addEventListener('click', () => ask());
  onSubmit('name-form', 'name', 'name-error', enter);
  onSubmit('code-form', 'code', 'code-error', async (code) => enter((await pair(code)).username));
  if (!user) return ask();
  await enter(user).catch((error: Error) => ask(error.message));
}

/** Shows the user's device; rejects if there is no such user. */
async function enter(user: string): Promise<void> {
  const state = await loadState(user);
  nameInAddress(user);
  leave?.();
  const phone = new VirtualPhone(user);
  const requests = new RequestCard(phone);
  const sessions = new SessionList(phone, () => requests.clearOutcome());
  const stop = follow(user, {
    onState: (next) => {
      requests.update(next);
      sessions.update(next);
    },
    onConnection: (connected) => {
      byId('offline').hidden = connected;
      requests.connected(connected);
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
  nameInAddress('');
  leave?.();
  leave = undefined;
  byId('who').hidden = true;
  byId('offline').hidden = true;
  byId('name-error').textContent = message;
  showOnly(signIn, [home, signIn]);
  byId<HTMLInputElement>('name').select();
}

/** So that the page, loaded again, shows the same user. */
function nameInAddress(user: string): void {
  history.replaceState(null, '', `${location.pathname}?${new URLSearchParams({ user })}`);
}
