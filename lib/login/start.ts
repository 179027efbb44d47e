import { randomBytes } from 'node:crypto';
import type { LaunchKeyClient } from '../client/client.js';
import type { Policy } from '../client/policy.js';
import type { PendingLogin, Store } from '../store/store.js';
import { inSteps } from './conceal.js';
import { handleOf } from './handle.js';
import { refusalOf } from './verdict.js';

/** What one login asks of the engine. */
export interface LoginRequestOptions {
  username: string;
  session: boolean;
  userPushId: boolean;
  context?: string | undefined;
  policy?: Policy | undefined;
  /** A number of two digits to be picked on the device. */
  number?: number | undefined;
}

/**
 * How long a record outlives its login, in milliseconds: an event that comes late or twice must
 * still be recognised as ours.
 */
const AFTERLIFE = 60_000;

/**
 * Starts logins: one `authorize`, one record in the store.
 */
export class LoginStarter {
  private readonly client: LaunchKeyClient;
  private readonly store: Store;
  private readonly loginTimeout: number;
  private readonly conceal: boolean;
  private readonly underWay = new Set<Promise<unknown>>();

  constructor(
    client: LaunchKeyClient,
    store: Store,
    settings: { loginTimeout: number; concealUsers: boolean },
  ) {
    this.client = client;
    this.store = store;
    this.loginTimeout = settings.loginTimeout;
    this.conceal = settings.concealUsers;
  }

  /** Sends the push and keeps the login. Rejects with what the client or the store throws. */
  async start(options: LoginRequestOptions): Promise<PendingLogin> {
    const starting = this.authorize(options);
    this.underWay.add(starting);
    try {
      return await (this.conceal ? inSteps(starting) : starting);
    } finally {
      this.underWay.delete(starting);
    }
  }

  /**
   * Resolves once every login that is being started now is in the store: a quick user's event may
   * overtake the answer to `authorize`.
   */
  async settled(): Promise<void> {
    await Promise.allSettled(this.underWay);
  }

  private async authorize(options: LoginRequestOptions): Promise<PendingLogin> {
    const { username, number } = options;
    const startedAt = Date.now();
    const authRequest = await this.ask(options);
    const token = authRequest ?? decoyToken();
    const login: PendingLogin = {
      handle: handleOf(this.client.appKey, token),
      authRequest: token,
      ...(authRequest === null && { decoy: true }),
      username,
      session: options.session,
      ...(number !== undefined && { number }),
      startedAt,
      expiresAt: startedAt + this.loginTimeout,
    };
    await this.store.add(login, this.loginTimeout + AFTERLIFE);
    return login;
  }

  /**
   * The token, or `null` where the user cannot be asked and that is to be concealed. The engine's
   * own limit on requests is concealed as well: it exists for users who exist.
   */
  private async ask({ username, number, ...rest }: LoginRequestOptions): Promise<string | null> {
    try {
      return await this.client.authorize(username, { ...rest, numberMatch: number });
    } catch (error) {
      if (this.conceal && refusalOf(error)) return null;
      throw error;
    }
  }
}

/** A token in the engine's alphabet that no engine has given out. */
function decoyToken(): string {
  return Array.from(randomBytes(32), (byte) => (byte % 36).toString(36)).join('');
}
