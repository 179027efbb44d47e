import { onTestFinished } from 'vitest';
import { onFileFinished } from '../../../spec/support/file-scope.js';
import { keepKeyPairs } from '../../../spec/support/key-pool.js';
import { type Engine, type EngineOptions, startEngine } from '../../lib/index.js';
import { Application } from './application.js';

/** A clock that a test moves; it also goes on by itself, as clocks do. */
export class Clock {
  private offset = 0;
  readonly now = (): number => Date.now() + this.offset;

  advance(milliseconds: number): void {
    this.offset += milliseconds;
  }
}

export interface Started {
  engine: Engine;
  application: Application;
  clock: Clock;
}

/** A real engine with virtual devices on a free port, closed when the test ends, with an application and a user `alice`. */
export async function start(
  options: EngineOptions & { callbackUrl?: string; organization?: string } = {},
): Promise<Started> {
  const { callbackUrl, organization, ...rest } = options;
  const clock = new Clock();
  const engine = await startEngine({
    clock: clock.now,
    rateLimit: false,
    virtualDevices: true,
    ...rest,
  });
  onTestFinished(async () => await engine.close());
  const credentials = await engine.createApp({ name: 'Shop', callbackUrl, organization });
  await engine.createUser('alice');
  return { engine, application: new Application(engine.url, credentials), clock };
}

let shared: Promise<Omit<Started, 'clock'>> | undefined;
let users = 0;

/**
 * One engine and application for all tests of a file that do not move its clock, with a user for each
 * test.
 */
export async function share(): Promise<Omit<Started, 'clock'> & { user: string }> {
  shared ??= keepKeyPairs(async () => {
    const engine = await startEngine({ rateLimit: false });
    onFileFinished(async () => {
      shared = undefined;
      await engine.close();
    });
    const credentials = await engine.createApp({ name: 'Shop' });
    return { engine, application: new Application(engine.url, credentials) };
  });
  users += 1;
  const user = `user-${users}`;
  const { engine, application } = await shared;
  await engine.createUser(user);
  return { engine, application, user };
}
