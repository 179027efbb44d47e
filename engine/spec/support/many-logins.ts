import { expect, onTestFinished } from 'vitest';
import { type AppCredentials, type EngineOptions, startEngine } from '../../lib/index.js';
import { Device } from './device.js';
import type { Front } from './engine-process.js';

/** An answer that an engine has told a device is taken. */
export interface Acknowledged {
  authRequest: string;
  approved: boolean;
}

/** An application for each callback URL, and users with a paired device each, made by an engine that ends then. */
export async function prepare(
  front: Front,
  options: EngineOptions,
  callbackUrls: (string | undefined)[],
  users: number,
): Promise<{ apps: AppCredentials[]; devices: Device[] }> {
  const engine = await startEngine(options);
  try {
    front.direct(Number(new URL(engine.url).port));
    const apps: AppCredentials[] = [];
    for (const callbackUrl of callbackUrls) {
      apps.push(await engine.createApp({ name: 'Shop', callbackUrl }));
    }
    const devices: Device[] = [];
    for (let user = 0; user < users; user += 1) {
      await engine.createUser(`user-${user}`);
      const { code } = await engine.pairDevice(`user-${user}`);
      devices.push(await Device.paired(front.url, code));
    }
    return { apps, devices };
  } finally {
    front.direct();
    await engine.close();
  }
}

/** What was acknowledged can be proven, in whichever engine. */
export async function checkReceipts(
  options: EngineOptions,
  answers: Iterable<Acknowledged>,
): Promise<void> {
  const engine = await startEngine(options);
  onTestFinished(async () => await engine.close());
  for (const { authRequest, approved } of answers) {
    expect(await engine.receipt(authRequest)).toMatchObject({ authRequest, approved });
  }
}
