import type { Request } from 'express';
import { LaunchKeyStrategy, MemoryStore } from 'passport-launchkey';
import type { Accounts } from './accounts.js';

/** Where the engine's API is, and who this application is to it. */
export interface LaunchKeySettings {
  apiBaseUrl: string;
  appKey: string;
  secretKey: string;
  privateKey: string;
}

/**
 * Two strategies for one application: one logs in, the other links a phone to the account that is
 * logged in. Each has a name of its own, so a request that was approved for the one cannot be
 * finished as the other. They share a store, so that one callback URL serves both.
 */
export function launchKeyStrategies(settings: LaunchKeySettings, accounts: Accounts) {
  const common = {
    ...settings,
    pending: 'redirect',
    answers: 'both',
    // In one process. Several need the RedisStore: see docs/several-processes.md.
    store: new MemoryStore(),
  } as const;

  const login = new LaunchKeyStrategy(
    { ...common, waitUrl: '/login/wait', context: 'Log in to the example' },
    async (userHash, { username }) => accounts.findOrCreate(userHash, username),
  );

  const link = new LaunchKeyStrategy(
    {
      ...common,
      name: 'launchkey-link',
      waitUrl: '/account/phone/wait',
      context: ({ user }: Request) =>
        `Link this phone to the account of ${user?.name}`.slice(0, 400),
      passReqToCallback: true,
    },
    async ({ user }: Request, userHash, { username }) => {
      if (!user) return false;
      const result = accounts.link(user.id, userHash, username);
      return result === 'linked' ? user : [false, { message: REFUSALS[result] }];
    },
  );

  return { login, link };
}

const REFUSALS = {
  taken: 'This phone is linked to another account. Unlink it there first.',
  occupied: 'Another phone is linked to your account. Unlink that one first.',
};

/** What the waiting page says while a phone is being linked. */
export const LINKING_TEXTS = {
  pendingText: 'Approve the request on the phone of {username} to link it to your account.',
  answeredText: 'You approved the request. Continue to link the phone.',
  deniedText: 'The request was denied, and nothing was linked.',
  finishedTitle: 'Your phone is linked',
  finishedText: 'You can log in with it from now on.',
  overTitle: 'This request is over',
  unknownText: 'No phone is being linked in this browser.',
  logIn: 'Link a phone',
};
