import type { KeyObject } from 'node:crypto';
import { deriveKey } from '../crypto/derive-key.js';
import { OaepDecrypter } from '../crypto/rsa.js';
import { abortable } from '../util/abort.js';
import { type AuthPackage, type AuthPackageReading, openAuthPackage } from './auth-package.js';
import {
  type AuthorizeOptions,
  authorizeParameters,
  browserParameters,
  cannotType,
  isTyped,
  readAuthRequest,
  tokenParameters,
} from './authorize.js';
import type { CallOptions } from './call-options.js';
import { EngineCalls } from './engine-calls.js';
import {
  type CallbackEvent,
  type EventParameters,
  logoutEvent,
  type ReceivedEvent,
  readEvent,
} from './events.js';
import { checkOptions, type LaunchKeyClientOptions } from './options.js';
import { checkAuthRequest } from './parameters.js';
import type { Ping } from './ping.js';
import {
  type PollAnswer,
  type PollOptions,
  type PollResult,
  pollCall,
  readPollResult,
} from './poll.js';
import { isRefusal, type ReportAction, reportCall } from './report.js';
import {
  checkIdentifier,
  DEVICES_FEATURE,
  devicesUnknown,
  openWhiteLabelUser,
  readDevices,
  type WhiteLabelDevice,
  type WhiteLabelDevicesOptions,
  type WhiteLabelUser,
} from './white-label.js';

export type { AuthPackage, AuthPackageReading } from './auth-package.js';
export type { AuthorizeOptions } from './authorize.js';
export type { RequestingBrowser } from './browser.js';
export type { CallOptions } from './call-options.js';
export type { LaunchKeyClientOptions } from './options.js';
export type { Ping } from './ping.js';
export type { PollAnswer, PollOptions, PollResult } from './poll.js';
export type {
  WhiteLabelDevice,
  WhiteLabelDevicesOptions,
  WhiteLabelUser,
} from './white-label.js';

/**
 * A client of the LaunchKey v1 API for one application.
 *
 * Make one client and keep it: it holds connections, and the engine's key and clock. All methods may
 * be called at the same time. They throw subclasses of `LaunchKeyError`; a call that its `signal` ends
 * rejects with the signal's `reason`.
 *
 * @example
 * ```ts
 * import { readFileSync } from 'node:fs';
 * import { LaunchKeyClient } from 'passport-launchkey';
 *
 * const client = new LaunchKeyClient({
 *   apiBaseUrl: 'https://engine.example.com/v1',
 *   appKey: 1234567890,
 *   secretKey: process.env.LAUNCHKEY_SECRET_KEY,
 *   privateKey: readFileSync('private.key'),
 * });
 *
 * const authRequest = await client.authorize('alice');
 * const answer = await client.pollRequest(authRequest, { wait: 25 });
 * const approved = answer !== null && (await client.isAuthorized(authRequest, answer.auth));
 * ```
 */
export class LaunchKeyClient {
  /** The address of the engine's API, without a slash at its end. */
  readonly apiBaseUrl: string;
  /** The application's key. */
  readonly appKey: string;

  readonly #calls: EngineCalls;
  readonly #decrypter: OaepDecrypter;
  readonly #privateKey: KeyObject;

  /** @throws ConfigurationError that names the option which is missing or unusable. */
  constructor(options: LaunchKeyClientOptions) {
    const checked = checkOptions(options);
    this.apiBaseUrl = checked.baseUrl.href.replace(/\/+$/, '');
    this.appKey = checked.appKey;
    this.#calls = new EngineCalls(checked);
    this.#decrypter = new OaepDecrypter(checked.privateKey);
    this.#privateKey = checked.privateKey;
  }

  /**
   * Fetches the engine's time and public key. The client uses both from then on. It also pings by
   * itself, so applications need this call only to check that the engine is there.
   *
   * @example
   * ```ts
   * import type { LaunchKeyClient } from 'passport-launchkey';
   *
   * export async function clockDifference(client: LaunchKeyClient): Promise<number> {
   *   const { launchkeyTime } = await client.ping();
   *   return launchkeyTime.getTime() - Date.now();
   * }
   * ```
   */
  async ping({ signal }: CallOptions = {}): Promise<Ping> {
    const { ping } = await abortable(() => this.#calls.clock.ping(), signal);
    return { ...ping };
  }

  /**
   * Asks a user to approve, by a push to their device. The call is sent once: a lost answer is an
   * error, not a second push.
   *
   * @param username A user name, a user push ID, or the identifier of a white label user.
   * @returns The token of the auth request, for `pollRequest()`. Keep it on the server.
   * @throws InvalidRequestError for an argument that the engine refuses.
   * @throws NoSuchUserError, NoPairedDevicesError when the user cannot be asked.
   * @throws RateLimitExceededError when the user has been asked too often.
   *
   * @example
   * ```ts
   * import { type LaunchKeyClient, policy } from 'passport-launchkey';
   *
   * export async function askForApproval(client: LaunchKeyClient): Promise<string> {
   *   return client.authorize('alice', {
   *     session: false,
   *     context: 'Transfer 50 € to Bob',
   *     policy: policy({ all: 2 }),
   *   });
   * }
   * ```
   */
  async authorize(username: string, options: AuthorizeOptions = {}): Promise<string> {
    const { authRequest, browser, numberMatch, signal } = options;
    const parameters = authorizeParameters(username, options);
    if (numberMatch !== undefined && isTyped(numberMatch)) {
      if (!(await this.#calls.knows('number_type', signal))) throw cannotType();
    }
    if (authRequest !== undefined && (await this.canWithdraw(options))) {
      Object.assign(parameters, tokenParameters(authRequest));
    }
    if (browser && (await this.#calls.knows('browser', signal))) {
      Object.assign(parameters, browserParameters(browser));
    }
    const { data } = await this.#calls.sendForm(
      { method: 'POST', path: '/auths', parameters, idempotent: false },
      signal,
    );
    return readAuthRequest(data);
  }

  /**
   * Asks whether the user has answered. It may be called again after the answer.
   *
   * @returns `null` while the user has not answered.
   * @throws ExpiredAuthRequestError, UnknownAuthRequestError when no answer can come any more.
   *
   * @example
   * ```ts
   * import type { LaunchKeyClient, PollAnswer } from 'passport-launchkey';
   *
   * export async function waitForAnswer(
   *   client: LaunchKeyClient,
   *   authRequest: string,
   * ): Promise<PollAnswer> {
   *   for (;;) {
   *     const answer = await client.pollRequest(authRequest, { wait: 25 });
   *     if (answer) return answer;
   *     // Engines that do not hold a poll answer at once.
   *     await new Promise((resolve) => setTimeout(resolve, 1000));
   *   }
   * }
   * ```
   */
  async pollRequest(authRequest: string, options: PollOptions = {}): Promise<PollAnswer | null> {
    const { answer } = await this.poll(authRequest, options);
    return answer;
  }

  /**
   * Decrypts an auth package. Its content proves nothing by itself: use `isAuthorized()` to decide
   * about a login.
   *
   * @throws InvalidResponseError when it does not decrypt, or not to an auth package.
   * @throws LaunchKeyError with the code `'LAUNCHKEY_BUSY'` when 10,000 packages wait for the key.
   *
   * @example
   * ```ts
   * import type { LaunchKeyClient, PollAnswer } from 'passport-launchkey';
   *
   * export async function reasonOfDenial(client: LaunchKeyClient, { auth }: PollAnswer) {
   *   const { response, reason } = await client.decryptAuth(auth);
   *   return response ? undefined : reason;
   * }
   * ```
   */
  async decryptAuth(auth: string, { signal }: CallOptions = {}): Promise<AuthPackage> {
    return abortable(() => openAuthPackage(auth, this.#decrypter, signal), signal);
  }

  /**
   * Decides whether the user approved: decrypts the answer, checks that it belongs to this auth
   * request, and reports the result to the engine.
   *
   * @returns `false` for a denial, for the answer to another auth request, and when the engine refuses
   *   the report.
   * @throws InvalidResponseError when the answer does not decrypt. Nothing is reported then.
   * @throws CommunicationError, EngineError when the report cannot be delivered. Log in no user then;
   *   the call may be repeated.
   *
   * @example
   * ```ts
   * import type { LaunchKeyClient, PollAnswer } from 'passport-launchkey';
   *
   * export async function approvedUser(
   *   client: LaunchKeyClient,
   *   authRequest: string,
   *   { auth, userHash }: PollAnswer,
   * ): Promise<string | null> {
   *   return (await client.isAuthorized(authRequest, auth)) ? userHash : null;
   * }
   * ```
   */
  async isAuthorized(
    authRequest: string,
    auth: string,
    options: CallOptions = {},
  ): Promise<boolean> {
    const { authorized } = await this.readAnswer(authRequest, { auth }, options);
    const accepted = await this.report(authRequest, 'Authenticate', authorized, options);
    return authorized && accepted;
  }

  /**
   * Ends the LaunchKey session of an auth request, after the user has logged out of the application.
   *
   * @returns `false` when the engine knows no such session.
   * @throws CommunicationError, EngineError when the engine cannot be reached.
   *
   * @example
   * ```ts
   * import type { LaunchKeyClient } from 'passport-launchkey';
   *
   * export async function endSession(client: LaunchKeyClient, authRequest: string) {
   *   if (!(await client.logout(authRequest))) console.warn('The session had ended before.');
   * }
   * ```
   */
  async logout(authRequest: string, options: CallOptions = {}): Promise<boolean> {
    return this.report(authRequest, 'Revoke', true, options);
  }

  /**
   * Takes an unanswered auth request back, because its browser cancelled or left. The device says so
   * at once, and the request can no longer be approved.
   *
   * @returns `true` when the engine took it back. `false` when the user has answered, the auth request
   *   is unknown or has expired, and when `ping()` does not name the feature `withdraw`.
   * @throws CommunicationError, EngineError when the engine cannot be reached. The call may be repeated.
   *
   * @example
   * ```ts
   * import type { LaunchKeyClient } from 'passport-launchkey';
   *
   * export async function cancel(client: LaunchKeyClient, authRequest: string) {
   *   if (!(await client.withdraw(authRequest))) console.warn('The user may have answered.');
   * }
   * ```
   */
  async withdraw(authRequest: string, options: CallOptions = {}): Promise<boolean> {
    checkAuthRequest(authRequest);
    if (!(await this.canWithdraw(options))) return false;
    return this.report(authRequest, 'Withdraw', true, options);
  }

  /**
   * Verifies a logout event of which parameter `deorbit` (or `clear`) and `signature` are known. Use
   * `handleCallback()` for the parameters of an event as a whole.
   *
   * @returns The `userHash` of the user who logged out on the device.
   * @throws InvalidCallbackError when it is forged, altered, malformed or older than five minutes.
   *
   * @example
   * ```ts
   * import type { LaunchKeyClient } from 'passport-launchkey';
   *
   * export async function userWhoLoggedOut(client: LaunchKeyClient, query: URLSearchParams) {
   *   return client.clear(query.get('deorbit') ?? '', query.get('signature') ?? '');
   * }
   * ```
   */
  async clear(clear: string, signature: string, options: CallOptions = {}): Promise<string> {
    const { userHash } = await logoutEvent(clear, signature, this.#calls.clock).verify(options);
    return userHash;
  }

  /**
   * The same as {@link LaunchKeyClient.clear}, under the name of the vendor's pages.
   *
   * @example
   * ```ts
   * import type { LaunchKeyClient } from 'passport-launchkey';
   *
   * export async function readLogout(client: LaunchKeyClient, query: URLSearchParams) {
   *   return client.deorbit(query.get('deorbit') ?? '', query.get('signature') ?? '');
   * }
   * ```
   */
  async deorbit(deorbit: string, signature: string, options: CallOptions = {}): Promise<string> {
    return this.clear(deorbit, signature, options);
  }

  /**
   * Reads a server-side event. Sends nothing and verifies nothing: the result has a `verify()`.
   *
   * @throws InvalidCallbackError for anything but exactly one event of a known kind.
   *
   * @example
   * ```ts
   * import type { LaunchKeyClient } from 'passport-launchkey';
   *
   * export async function receive(client: LaunchKeyClient, query: URLSearchParams) {
   *   const event = client.readEvent(query);
   *   if (event.type === 'logout') {
   *     const { userHash, time } = await event.verify();
   *     return `${userHash} logged out at ${time.toISOString()}`;
   *   }
   *   const answer = await client.pollRequest(event.authRequest);
   *   return answer ? `${answer.userHash} answered` : 'The event is not true';
   * }
   * ```
   */
  readEvent(params: EventParameters): ReceivedEvent {
    return readEvent(params, this.#calls.clock);
  }

  /**
   * Reads a server-side event, and verifies it if it is a logout. The signature of an answer is not
   * verified, since most engines make none: poll for the answer, and trust that.
   *
   * @throws InvalidCallbackError for anything but an event, and for a logout that is forged, altered or
   *   older than five minutes.
   * @throws CommunicationError, EngineError when the engine's key is not known and cannot be fetched.
   *   Answer 503 then, so that the engine sends the event again.
   *
   * @example
   * ```ts
   * import type { LaunchKeyClient } from 'passport-launchkey';
   *
   * export async function receive(client: LaunchKeyClient, query: URLSearchParams) {
   *   const event = await client.handleCallback(query);
   *   return event.type === 'logout' ? `${event.userHash} logged out` : 'Poll for the answer';
   * }
   * ```
   */
  async handleCallback(params: EventParameters, options: CallOptions = {}): Promise<CallbackEvent> {
    const event = this.readEvent(params);
    if (event.type === 'logout') return event.verify(options);
    const { verify: _, ...answer } = event;
    return answer;
  }

  /**
   * Creates a user in the application's white label directory, or a new pairing code for a user who is
   * in it.
   *
   * @param identifier The application's own name for the user.
   * @throws InvalidCredentialsError when the application has no white label directory.
   *
   * @example
   * ```ts
   * import type { LaunchKeyClient } from 'passport-launchkey';
   *
   * export async function pairingCode(client: LaunchKeyClient, customer: string) {
   *   const { qrcode, code } = await client.createWhiteLabelUser(customer);
   *   return `<img src="${encodeURI(qrcode)}" alt="Scan this, or type ${code}">`;
   * }
   * ```
   */
  async createWhiteLabelUser(
    identifier: string,
    { signal }: CallOptions = {},
  ): Promise<WhiteLabelUser> {
    checkIdentifier(identifier);
    const { data } = await this.#calls.sendSigned('/users', { identifier }, signal);
    return openWhiteLabelUser(data, this.#decrypter, signal);
  }

  /**
   * Lists the devices of a user in the application's white label directory, in the order in which they
   * were paired. Unpairs or renames one of them before, if the options say so.
   *
   * @param identifier The application's own name for the user.
   * @throws NoSuchUserError when the directory has no user of this name.
   * @throws InvalidRequestError when the user has no device with the given id, or the new name is
   *   unusable.
   * @throws EngineError when the engine does not know this call.
   *
   * @example
   * ```ts
   * import type { LaunchKeyClient } from 'passport-launchkey';
   *
   * export async function removeOldest(client: LaunchKeyClient, customer: string) {
   *   const [oldest] = await client.whiteLabelDevices(customer);
   *   return oldest ? client.whiteLabelDevices(customer, { unpair: oldest.id }) : [];
   * }
   * ```
   */
  async whiteLabelDevices(
    identifier: string,
    { signal, unpair, rename }: WhiteLabelDevicesOptions = {},
  ): Promise<WhiteLabelDevice[]> {
    checkIdentifier(identifier);
    if (!(await this.#calls.knows(DEVICES_FEATURE, signal))) throw devicesUnknown();
    const members = { identifier, ...(unpair && { unpair }), ...(rename && { rename }) };
    const { data } = await this.#calls.sendSigned('/users/devices', members, signal);
    return readDevices(data);
  }

  /**
   * Closes the idle connections. Calls under way go on, and new calls may be made.
   *
   * @example
   * ```ts
   * import { LaunchKeyClient } from 'passport-launchkey';
   *
   * const launchkey = new LaunchKeyClient(credentials);
   * console.log((await launchkey.ping()).launchkeyTime);
   * launchkey.close();
   * ```
   */
  close(): void {
    this.#calls.close();
  }

  /**
   * Polls once, and says whether the engine held the poll.
   *
   * @internal
   */
  async poll(authRequest: string, { wait = 0, signal }: PollOptions = {}): Promise<PollResult> {
    return readPollResult(await this.#calls.sendForm(pollCall(authRequest, wait), signal));
  }

  /**
   * Decrypts an answer and compares it with the auth request that was asked about. Reports nothing.
   *
   * @internal
   */
  async readAnswer(
    authRequest: string,
    { auth }: Pick<PollAnswer, 'auth'>,
    options: CallOptions = {},
  ): Promise<AuthPackageReading> {
    checkAuthRequest(authRequest);
    const { authRequest: answered, response, ...rest } = await this.decryptAuth(auth, options);
    if (answered !== authRequest) return { belongs: false, authorized: false };
    return { belongs: true, authorized: response, ...rest };
  }

  /**
   * Reports to the engine. Resolves to `false` when the engine refuses the report, and rejects when it
   * cannot be delivered.
   *
   * @internal
   */
  async report(
    authRequest: string,
    action: ReportAction,
    status: boolean,
    { signal }: CallOptions = {},
  ): Promise<boolean> {
    const call = reportCall(authRequest, action, status);
    try {
      await this.#calls.sendForm(call, signal);
      return true;
    } catch (error) {
      if (isRefusal(error)) return false;
      throw error;
    }
  }

  /**
   * Whether the engine takes unanswered auth requests back. Such an engine also lets the application
   * choose the token of an auth request.
   *
   * @internal
   */
  canWithdraw({ signal }: CallOptions = {}): Promise<boolean> {
    return this.#calls.knows('withdraw', signal);
  }

  /**
   * Derives a secret of the application for a purpose, the same one in every process.
   *
   * @internal
   */
  deriveKey(purpose: string): Buffer {
    return deriveKey(this.#privateKey, purpose);
  }

  /**
   * The engine's time in ms since 1970, or the local time before the first ping. Up to a second late,
   * since engines send whole seconds.
   *
   * @internal
   */
  engineNow(): number {
    return this.#calls.clock.now() ?? Date.now();
  }
}
