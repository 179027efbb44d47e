import type { AuthPackageReading, LaunchKeyClient } from '../client/client.js';
import type { EventParameters, LogoutEvent, ReceivedAuthEvent } from '../client/events.js';
import { InvalidCallbackError, InvalidResponseError, LaunchKeyError } from '../errors.js';
import type { LoginRecord, Store } from '../store/store.js';
import { digestOf, isLocalAnswer, localAnswer, recordAnswer } from './answer.js';
import type { Diagnostics } from './diagnostics.js';
import { isAuthRequestGone } from './engine-errors.js';
import { handleOf } from './handle.js';
import type { LaunchKeySessions } from './sessions.js';
import type { LoginStarter } from './start.js';
import type { LoginWaits } from './wait.js';

/** The result of handling a server-side event. */
export interface EventResult {
  /**
   * The HTTP status for the engine: 200 for a handled event, 400 for one that cannot be trusted,
   * 404 for an unknown auth request, 503 if the engine must send the event again.
   */
  status: 200 | 400 | 404 | 503;
  /** The kind of event, if it could be read. */
  type?: 'auth' | 'logout' | undefined;
  /** The user whose sessions a logout event ended. */
  userHash?: string | undefined;
  /** The auth requests of the sessions that a logout event ended. */
  authRequests?: string[] | undefined;
  /** Why the event was refused or could not be handled. For logs, not for the sender. */
  error?: Error | undefined;
}

/** Options for handling server-side events. */
export interface EventOptions {
  /**
   * Called when a user logged out on the device, with the auth requests whose LaunchKey sessions
   * ended. It may return a promise. If it throws, the event is answered with 503, and the engine
   * sends it again. It may be called more than once for one logout, with the same auth requests or
   * with none: when the engine sends an event again, or when the first handling was interrupted.
   * Default: nothing is called.
   */
  onLogout?: ((userHash: string, authRequests: string[]) => unknown) | undefined;
}

interface EventInboxParts {
  client: LaunchKeyClient;
  store: Store;
  starter: LoginStarter;
  waits: LoginWaits;
  sessions: LaunchKeySessions;
  diagnostics: Diagnostics;
}

/**
 * Receives server-side events. An auth event without the engine's signature is only a hint: it
 * makes the application fetch the answer from the engine, over the channel that it trusts. An event
 * with a valid and fresh signature counts as that answer.
 *
 * A repeated event is recognised by the login's record, which takes one answer and is consumed
 * once. When the record has expired, the event belongs to no login.
 */
export class EventInbox {
  readonly store: Store;
  readonly diagnostics: Diagnostics;
  private readonly client: LaunchKeyClient;
  private readonly starter: LoginStarter;
  private readonly waits: LoginWaits;
  private readonly sessions: LaunchKeySessions;
  private readonly confirm: boolean;

  /** @param confirm - whether the engine must confirm an answer in an unsigned event. */
  constructor(parts: EventInboxParts, confirm: boolean) {
    this.client = parts.client;
    this.store = parts.store;
    this.diagnostics = parts.diagnostics;
    this.starter = parts.starter;
    this.waits = parts.waits;
    this.sessions = parts.sessions;
    this.confirm = confirm;
  }

  /** Handles one event. Never rejects: the result has the status to respond with, and the error. */
  async receive(params: EventParameters, options: EventOptions = {}): Promise<EventResult> {
    const result = await this.handle(params, options);
    const { status, type, error } = result;
    this.diagnostics.event({ status, type, error });
    return result;
  }

  private async handle(params: EventParameters, options: EventOptions): Promise<EventResult> {
    try {
      const event = this.client.readEvent(params);
      return event.type === 'auth'
        ? await this.receiveAnswer(event)
        : await this.receiveLogout(await event.verify(), options);
    } catch (error) {
      return { status: error instanceof InvalidCallbackError ? 400 : 503, error: asError(error) };
    }
  }

  private async receiveAnswer(event: ReceivedAuthEvent): Promise<EventResult> {
    const login = await this.find(event.authRequest);
    if (!login) return { status: 404, type: 'auth' };
    const read = once(() => this.readPackage(login, event));
    if (login.state === 'pending') await this.takeAnswer(login, event, read);
    const { answer } = (await this.store.get(login.handle)) ?? {};
    if (answer?.digest !== digestOf(event.auth)) await read();
    if (!answer) {
      throw new InvalidCallbackError(
        'The event claims an answer to an auth request that the engine says is unanswered. It was ignored.',
      );
    }
    // This application ended the login before, so the engine must know that it logged no one in.
    if (isLocalAnswer(answer) && login.session) {
      await this.client.report(login.authRequest, 'Authenticate', false);
    }
    return { status: 200, type: 'auth' };
  }

  private async find(authRequest: string): Promise<LoginRecord | null> {
    const handle = handleOf(this.client.appKey, authRequest);
    const login = await this.store.get(handle);
    if (login) return login;
    await this.starter.settled();
    return this.store.get(handle);
  }

  private async takeAnswer(
    login: LoginRecord,
    event: ReceivedAuthEvent,
    read: () => Promise<AuthPackageReading>,
  ): Promise<void> {
    if (login.expiresAt <= Date.now()) {
      await read();
      await this.store.answer(login.handle, localAnswer('expired'));
      return;
    }
    if (!this.confirm || (await isSigned(event))) {
      return recordAnswer(this, login, event, await read());
    }
    try {
      await this.waits.ask(login);
    } catch (error) {
      // An event with an unusable package is refused with 400 even while the engine is away.
      await read();
      if (!isAuthRequestGone(error)) throw error;
    }
  }

  /** Throws unless the package was made for this application and names this auth request. */
  private async readPackage(
    login: LoginRecord,
    event: ReceivedAuthEvent,
  ): Promise<AuthPackageReading> {
    const reading = await this.client.readAnswer(login.authRequest, event).catch(rejectAsInvalid);
    if (!reading.belongs) {
      throw new InvalidCallbackError(
        'The auth package in the event names another auth request than the event does. It was ignored.',
      );
    }
    return reading;
  }

  private async receiveLogout(event: LogoutEvent, options: EventOptions): Promise<EventResult> {
    const { userHash, time } = event;
    const ended = await this.sessions.endAll(userHash, time, options.onLogout);
    this.diagnostics.ended({ by: 'device', userHash, logins: ended.map(({ handle }) => handle) });
    const authRequests = ended.map(({ authRequest }) => authRequest);
    return { status: 200, type: 'logout', userHash, authRequests };
  }
}

/** An event counts as unsigned if the engine's key is not known and cannot be fetched. */
async function isSigned(event: ReceivedAuthEvent): Promise<boolean> {
  try {
    await event.verify();
    return true;
  } catch (error) {
    if (error instanceof LaunchKeyError) return false;
    throw error;
  }
}

/** Returns a function that makes the value once: decryption is the costliest step of an event. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** A package that cannot be read makes its event untrustworthy. */
function rejectAsInvalid(error: unknown): never {
  if (!(error instanceof InvalidResponseError)) throw error;
  throw new InvalidCallbackError(`The auth package in the event is unusable. ${error.message}`);
}

function asError(error: unknown): Error {
  return error instanceof Error || error instanceof LaunchKeyError
    ? error
    : new Error(`The event could not be handled, because ${String(error)} was thrown.`);
}
