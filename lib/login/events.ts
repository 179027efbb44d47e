import type { AuthPackageReading, LaunchKeyClient } from '../client/client.js';
import type { AuthEvent, EventParameters, LogoutEvent } from '../client/events.js';
import { InvalidCallbackError, InvalidResponseError, LaunchKeyError } from '../errors.js';
import type { LoginRecord, Store } from '../store/store.js';
import { digestOf, isOwnAnswer, keepAnswer, ownAnswer } from './answer.js';
import type { Diagnostics } from './diagnostics.js';
import { handleOf } from './handle.js';
import type { LaunchKeySessions } from './sessions.js';
import type { LoginStarter } from './start.js';
import { isGone, type LoginWaits } from './wait.js';

/** What becomes of a server-side event. */
export interface EventResult {
  /**
   * The HTTP status for the engine: 200 handled, 400 not to be trusted, 404 not ours, 503 to be
   * sent again.
   */
  status: 200 | 400 | 404 | 503;
  /** What kind of event it was, where that could be told. */
  type?: 'auth' | 'logout' | undefined;
  /** Whose sessions a logout event ended. */
  userHash?: string | undefined;
  /** The auth requests of the sessions that a logout event ended. */
  authRequests?: string[] | undefined;
  /** Why the event was refused or could not be handled. For logs, not for the sender. */
  error?: Error | undefined;
}

/** Options of handling events. */
export interface EventOptions {
  /**
   * Called when a user logged out on the device, with the auth requests whose LaunchKey sessions
   * ended. May return a promise; if it throws, the event is answered 503 and comes again. It may
   * be called more than once for one logout, with the same auth requests or with none: when an event
   * comes again, or when what it began was cut short.
   */
  onLogout?: ((userHash: string, authRequests: string[]) => unknown) | undefined;
}

/**
 * Receives server-side events. An auth event that the engine has not signed is only a hint: it makes
 * the login's answer be fetched from the engine, over the channel that the application trusts. One
 * that carries a valid and fresh signature of the engine is as good as that answer.
 *
 * The login's record is what a repeated event is known by: it is answered once and consumed once,
 * and forgotten only when it has expired, after which the event belongs to nothing.
 */
export class EventInbox {
  readonly store: Store;
  readonly diagnostics: Diagnostics;
  private readonly client: LaunchKeyClient;
  private readonly starter: LoginStarter;
  private readonly waits: LoginWaits;
  private readonly sessions: LaunchKeySessions;
  private readonly confirm: boolean;

  constructor(
    parts: {
      client: LaunchKeyClient;
      store: Store;
      starter: LoginStarter;
      waits: LoginWaits;
      sessions: LaunchKeySessions;
      diagnostics: Diagnostics;
    },
    confirm: boolean,
  ) {
    this.client = parts.client;
    this.store = parts.store;
    this.diagnostics = parts.diagnostics;
    this.starter = parts.starter;
    this.waits = parts.waits;
    this.sessions = parts.sessions;
    this.confirm = confirm;
  }

  /** Handles one event. Never rejects: the status says what to answer, `error` why. */
  async receive(params: EventParameters, options: EventOptions = {}): Promise<EventResult> {
    const result = await this.handle(params, options);
    const { status, type, error } = result;
    this.diagnostics.event({ status, type, error });
    return result;
  }

  private async handle(params: EventParameters, options: EventOptions): Promise<EventResult> {
    try {
      const event = await this.client.handleCallback(params);
      return event.type === 'auth'
        ? await this.receiveAnswer(event, params)
        : await this.receiveLogout(event, options);
    } catch (error) {
      return { status: error instanceof InvalidCallbackError ? 400 : 503, error: asError(error) };
    }
  }

  private async receiveAnswer(event: AuthEvent, params: EventParameters): Promise<EventResult> {
    const login = await this.find(event.authRequest);
    if (!login) return { status: 404, type: 'auth' };
    const read = once(() => this.mustBelong(login, event));
    if (login.state === 'pending') await this.takeAnswer(login, event, params, read);
    const { answer } = (await this.store.get(login.handle)) ?? {};
    if (answer?.digest !== digestOf(event.auth)) await read();
    if (!answer)
      throw new InvalidCallbackError(
        'The engine knows of no answer to the auth request that this event is about; it was ignored.',
      );
    // Given up here before: the engine is to know that it logged nobody in.
    if (isOwnAnswer(answer) && login.session) {
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
    event: AuthEvent,
    params: EventParameters,
    read: () => Promise<AuthPackageReading>,
  ): Promise<void> {
    if (login.expiresAt <= Date.now()) {
      await read();
      await this.store.answer(login.handle, ownAnswer('expired'));
      return;
    }
    if (!this.confirm || (await this.isSigned(params))) {
      return keepAnswer(this, login, event, await read());
    }
    try {
      await this.waits.ask(login);
    } catch (error) {
      // What is not to be trusted is refused also while the engine is away.
      await read();
      if (!isGone(error)) throw error;
    }
  }

  /** Where it cannot be told, for the engine's key cannot be had, the event counts as unsigned. */
  private async isSigned(params: EventParameters): Promise<boolean> {
    try {
      return (await this.client.verifyEvent(params)).trusted;
    } catch (error) {
      if (error instanceof LaunchKeyError) return false;
      throw error;
    }
  }

  /** Throws unless the package was made for this application and names this auth request. */
  private async mustBelong(login: LoginRecord, event: AuthEvent): Promise<AuthPackageReading> {
    const read = await this.client.readAnswer(login.authRequest, event).catch(distrust);
    if (!read.belongs) {
      throw new InvalidCallbackError(
        'The auth package in the event names another auth request than the event does; it was ignored.',
      );
    }
    return read;
  }

  private async receiveLogout(event: LogoutEvent, options: EventOptions): Promise<EventResult> {
    const { userHash, time } = event;
    const ended = await this.sessions.endAll(userHash, time, options.onLogout);
    this.diagnostics.ended({ by: 'device', userHash, logins: ended.map(({ handle }) => handle) });
    const authRequests = ended.map(({ authRequest }) => authRequest);
    return { status: 200, type: 'logout', userHash, authRequests };
  }
}

/** Decrypting is the most that an event costs, so a package is read at most once for it. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** Turns "cannot be read" into "not to be trusted", which is what it means in an event. */
function distrust(error: unknown): never {
  if (!(error instanceof InvalidResponseError)) throw error;
  throw new InvalidCallbackError(`The auth package in the event is unusable: ${error.message}`);
}

function asError(error: unknown): Error {
  return error instanceof Error || error instanceof LaunchKeyError
    ? error
    : new Error(`The event could not be handled: ${String(error)}`);
}
