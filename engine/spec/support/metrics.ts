import { http } from './http.js';

/** Resolves when the engine's own metrics show this number. */
export async function metric(engineUrl: string, name: string, value: number): Promise<void> {
  let text = '';
  while (!text.includes(`\n${name} ${value}\n`)) text = (await http(`${engineUrl}/metrics`)).text;
}

/** Resolves when the engine holds so many polls. */
export async function heldPolls(engineUrl: string, polls: number): Promise<void> {
  await metric(engineUrl, 'launchkey_held_polls', polls);
}

/** Resolves when the engine holds so many requests of paired devices. */
export async function heldDevices(engineUrl: string, devices: number): Promise<void> {
  await metric(engineUrl, 'launchkey_held_devices', devices);
}

/** Resolves when the engine holds a poll, or more than one. */
export async function anyHeldPoll(engineUrl: string): Promise<void> {
  let text = '';
  while (!/^launchkey_held_polls [1-9]/m.test(text)) {
    text = (await http(`${engineUrl}/metrics`)).text;
  }
}
