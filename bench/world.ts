import type { AppMethods, AppOptions } from './app-process.js';
import { Child } from './child.js';
import type { Reaction } from './device.js';
import type { EngineMethods } from './engine-process.js';
import type { Variant } from './variants.js';

/** One way for logins to go. */
export interface Way {
  /** How it is called in the report. */
  name: string;
  variant: Variant;
  answers: 'poll' | 'callback';
  /** Seconds for which polls are held; 0 for polls at intervals. */
  longPoll: number;
  /** When the user answers. */
  reaction: Reaction;
  /** Logins of one round: enough for two or three seconds. */
  logins: number;
}

const USERS = 10_000;

export async function startEngine(): Promise<Child<EngineMethods>> {
  const engine = new Child<EngineMethods>('engine-process');
  await engine.call('createUsers', USERS);
  return engine;
}

/** Starts an application that goes this way. */
export async function startApp(
  engine: Child<EngineMethods>,
  { variant, answers, longPoll }: Pick<Way, 'variant' | 'answers' | 'longPoll'>,
): Promise<Child<AppMethods>> {
  const app = new Child<AppMethods>('app-process');
  const callbackUrl = answers === 'poll' ? undefined : `${await app.call('url')}/callback`;
  const { appKey, secretKey, privateKey } = await engine.call('createApp', callbackUrl);
  const apiBaseUrl = await engine.call('url');
  const options: AppOptions = {
    apiBaseUrl,
    appKey,
    secretKey,
    privateKey,
    answers,
    longPoll,
    pollInterval: 100,
  };
  await app.call('setUp', { variant, options });
  return app;
}
