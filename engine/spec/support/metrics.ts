import { http } from './http.js';

/** Resolves when the engine holds so many polls. */
export async function heldPolls(engineUrl: string, polls: number): Promise<void> {
  await untilShown(engineUrl, new RegExp(`^launchkey_held_polls ${polls}$`, 'm'));
}

/** Resolves when the engine holds a poll, or more than one. */
export async function anyHeldPoll(engineUrl: string): Promise<void> {
  await untilShown(engineUrl, /^launchkey_held_polls [1-9]/m);
}

/** Resolves when the engine holds so many requests of paired devices. */
export async function heldDevices(engineUrl: string, devices: number): Promise<void> {
  await untilShown(engineUrl, new RegExp(`^launchkey_held_devices ${devices}$`, 'm'));
}

/** Resolves when the engine's own metrics show this. */
async function untilShown(engineUrl: string, line: RegExp): Promise<void> {
  let text = '';
  while (!line.test(text)) text = (await http(`${engineUrl}/metrics`)).text;
}
