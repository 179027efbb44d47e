import { byId, showOnly } from '../dom.js';
import { RequestCard } from '../requests.js';
import { SessionList } from '../sessions.js';
import { t, when } from '../texts/index.js';
import { WithdrawnList } from '../withdrawn.js';
import { DeviceClient, type DeviceRequest, type DeviceState } from './client.js';
import { DeviceList } from './devices.js';
import { ExpectedLogin } from './expected-login.js';
import { Factors } from './factors.js';
import { follow } from './follow.js';
import { Notifications } from './notifications.js';
import { PairedPhone } from './paired-phone.js';
import { PairingForm } from './pairing.js';
import { forgetPairing, loadPairing, type Pairing } from './store.js';
import { startWorker } from './worker-start.js';

const pairing = byId('pairing');
const home = byId('home');
/** What is shown once the engine has told it. */
const TOLD = ['sessions-area', 'devices-area', 'security-area'];
let leave: (() => void) | undefined;

/** The phone that is paired in this browser, or the way to pair it. */
export async function startPhone(): Promise<void> {
  const link = takeLink();
  byId('demo').hidden =
    link !== undefined || !['localhost', '127.0.0.1', '[::1]'].includes(location.hostname);
  if (!window.isSecureContext) return cannot(t.insecure);
  let before: Pairing | undefined;
  try {
    before = await loadPairing();
  } catch {
    return cannot(t.noStorage);
  }
  const form = new PairingForm((paired) => enter(paired, unpaired));
  const unpaired = () => {
    leaveHome();
    void forgetPairing();
    askToPair(form, { message: t.unpairedHere });
  };
  if (before && link === undefined) enter(before, unpaired);
  else askToPair(form, { link, before });
  startWorker();
  window.addEventListener('hashchange', () => {
    const next = takeLink();
    if (next === undefined) return;
    void loadPairing().then((current) => {
      leaveHome();
      askToPair(form, { link: next, before: current });
    });
  });
}

function enter(paired: Pairing, onUnpaired: () => void): void {
  leaveHome();
  const client = new DeviceClient(paired);
  const factors = new Factors(client, paired);
  const phone = new PairedPhone(client, paired.deviceId, factors);
  const requests = new RequestCard<DeviceRequest>(phone);
  const withdrawn = new WithdrawnList(phone);
  const sessions = new SessionList(phone, () => requests.clearOutcome());
  const devices = new DeviceList(client);
  const expected = new ExpectedLogin(client);
  const notifications = new Notifications(client);
  const parts = [factors, requests, withdrawn, sessions, devices, expected, notifications];
  const events = new AbortController();
  const { signal } = events;
  byId('resume').addEventListener('click', () => void client.post('resume').catch(() => {}), {
    signal,
  });
  const stop = follow(client, {
    onState: (state) => {
      for (const part of parts) part.update(state);
      showPause(state);
      for (const id of TOLD) byId(id).hidden = false;
    },
    onTrouble: (trouble) => {
      byId('offline').hidden = trouble === undefined;
      byId('offline').textContent = trouble ?? '';
      requests.connected(trouble === undefined);
    },
    onUnpaired,
  });
  leave = () => {
    stop();
    events.abort();
    for (const part of parts) part.close();
  };
  byId('who-name').textContent = paired.username;
  byId('who-name').title = paired.username;
  byId('who').hidden = false;
  // What the engine has not told yet is not shown as if there were none.
  for (const id of TOLD) byId(id).hidden = true;
  showOnly(home, [home, pairing]);
}

function leaveHome(): void {
  leave?.();
  leave = undefined;
  byId('who').hidden = true;
  byId('offline').hidden = true;
  byId('paused').hidden = true;
}

function askToPair(form: PairingForm, given: Parameters<PairingForm['show']>[0]): void {
  showOnly(pairing, [home, pairing]);
  form.show(given);
}

/** The secret of a pairing link, which goes out of the address and the history at once. */
function takeLink(): string | undefined {
  const link = new URLSearchParams(location.hash.slice(1)).get('pair') ?? undefined;
  if (location.hash) history.replaceState(null, '', location.pathname + location.search);
  return link || undefined;
}

function showPause({ pausedUntil }: DeviceState): void {
  byId('paused').hidden = pausedUntil === null;
  if (pausedUntil !== null) byId('paused-text').textContent = t.pausedUntil(when(pausedUntil));
}

/** Nothing can be done here. */
function cannot(why: string): void {
  byId('pair-text').textContent = why;
  byId('pair-form').hidden = true;
  showOnly(pairing, [home, pairing]);
}
