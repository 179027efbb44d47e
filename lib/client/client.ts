import { decryptAes } from '../crypto/aes.js';
import { OaepDecrypter, sign } from '../crypto/rsa.js';
import {
  ExpiredAuthRequestError,
  InvalidRequestError,
  InvalidResponseError,
  LaunchKeyError,
  STALE_STAMP,
} from '../errors.js';
import { abortable } from '../util/abort.js';
import { decodeBase64 } from '../util/base64.js';
import type { Reply } from './adapter.js';
import { type AuthPackage, openAuthPackage } from './auth-package.js';
import { EngineClock, type Ping } from './clock.js';
import { isCuredByPing, isStaleStamp } from './codes.js';
import { type Envelope, Envelopes } from './envelope.js';
import {
  type CallbackEvent,
  type EventParameters,
  type EventTrust,
  type LogoutEvent,
  readCallback,
  verifyEvent,
  verifyLogout,
} from './events.js';
import { type CheckedOptions, checkOptions, type LaunchKeyClientOptions } from './options.js';
import type { Policy } from './policy.js';
import { type Members, type Outcome, parseObject, readReply } from './reply.js';
import { type Call, Transport } from './transport.js';

export type { AuthPackage } from './auth-package.js';
export type { Ping } from './clock.js';
export type { LaunchKeyClientOptions } from './options.js';

/** What every call of the client takes. */
export interface CallOptions {
  /** Ends the call: it rejects with the signal's `reason`. */
  signal?: AbortSignal | undefined;
}

/** What `authorize` takes besides the user. */
export interface AuthorizeOptions extends CallOptions {
  /**
   * Whether an approval opens a LaunchKey session that the user can end on the device. Defaults to
   * `true`; `false` makes it a transaction.
   */
  session?: boolean | undefined;
  /** Whether the answer shall bring a user push ID, by which the user can be asked again. Defaults to `false`. */
  userPushId?: boolean | undefined;
  /** What the device shows besides the application's name, at most 400 characters. */
  context?: string | undefined;
  /** What the user must prove. Made by `policy()`. */
  policy?: Policy | undefined;
  /**
   * A number of two digits that the user sees where they log in and must pick on the device. It is
   * named in `context` too, for engines that do not know this.
   */
  numberMatch?: number | string | undefined;
}

/** What `pollRequest` takes besides the auth request. */
export interface PollOptions extends CallOptions {
  /** How many seconds the engine is asked to hold the call until there is an answer. Defaults to `0`. */
  wait?: number | undefined;
}

/** A user's answer, still encrypted. */
export interface PollAnswer {
  /** The auth package: give it to `isAuthorized` together with the auth request. */
  auth: string;
  /** The name of the user towards this application, always the same one. */
  userHash: string;
  /** The name of the user towards all applications of the organization, where there is one. */
  organizationUser?: string;
  /** By which the user can be asked again, where it was asked for. */
  userPushId?: string;
}

/**
 * One poll and how it went.
 *
 * @internal
 */
export interface PollResult {
  /** `null` while the user has not answered. */
  answer: PollAnswer | null;
  /** Whether the engine held the call; if it did not, polling needs an interval. */
  held: boolean;
  /** How long the engine asked to wait before the next call, in seconds. */
  retryAfter?: number;
}

/**
 * An answer after it was decrypted and compared.
 *
 * @internal
 */
export interface AuthPackageReading {
  /** Whether it answers the auth request that was asked about. If not, `authorized` is `false`. */
  belongs: boolean;
  authorized: boolean;
  deviceId?: string;
  reason?: string;
  appPins?: string;
}

/** What a user of a white label directory needs to pair a device. */
export interface WhiteLabelUser {
  /** The URL of a QR code's image. */
  qrcode: string;
  /** The same code for typing in. */
  code: string;
}

const MAX_CONTEXT = 400;
const FORM = 'application/x-www-form-urlencoded';

/**
 * A client of the LaunchKey v1 API, for one application.
 *
 * Make one and keep it: it holds connections, the engine's key and clock. All methods may be called
 * at the same time. Their errors are `LaunchKeyError`s, unless the call's `signal` ended it.
 */
export class LaunchKeyClient {
  /** Where the engine's API is. */
  readonly apiBaseUrl: string;
  /** The application's key. */
  readonly appKey: string;

  readonly #options: CheckedOptions;
  /** What must not come back in an error's message. */
  readonly #secrets: readonly string[];
  readonly #transport: Transport;
  readonly #clock: EngineClock;
  readonly #envelopes: Envelopes;
  readonly #decrypter: OaepDecrypter;

  /** @throws ConfigurationError that names the option which is missing or unusable. */
  constructor(options: LaunchKeyClientOptions) {
    const checked = checkOptions(options);
    this.apiBaseUrl = checked.baseUrl.href.replace(/\/+$/, '');
    this.appKey = checked.appKey;
    this.#options = checked;
    this.#secrets = spellings(checked.secretKey);
    this.#transport = new Transport(checked);
    this.#clock = new EngineClock(() => this.#askForPing());
    this.#envelopes = new Envelopes(checked, this.#clock);
    this.#decrypter = new OaepDecrypter(checked.privateKey);
  }

  /** Asks the engine for its time and its key, and sets the client's own idea of both by it. */
  async ping({ signal }: CallOptions = {}): Promise<Ping> {
    const { ping } = await abortable(() => this.#clock.ping(), signal);
    return { ...ping };
  }

  /**
   * Asks a user to approve, by a push to their device. Sent once: a lost answer is an error and not
   * a second push.
   *
   * @param username A user name, a user push ID, or the identifier of a white label user.
   * @returns The token of the auth request, to poll with. Keep it on the server.
   * @throws InvalidRequestError for an argument that the engine would refuse, or that it refused.
   * @throws NoSuchUserError, NoPairedDevicesError when nobody can be asked.
   * @throws RateLimitExceededError when the user has been asked too often.
   */
  async authorize(username: string, options: AuthorizeOptions = {}): Promise<string> {
    const form = authorizeForm(username, options);
    const { data } = await this.#call(options.signal, (envelope) => ({
      method: 'POST',
      path: '/auths',
      body: `${envelope.form}&${form}`,
      contentType: FORM,
      idempotent: false,
    }));
    const { auth_request: token } = data;
    if (typeof token !== 'string' || !/^[\x21-\x7e]{1,256}$/.test(token)) {
      throw new InvalidResponseError('The engine accepted the call and named no auth request');
    }
    return token;
  }

  /**
   * Asks whether the user has answered. May be repeated after the answer.
   *
   * @returns `null` while the user has not answered.
   * @throws ExpiredAuthRequestError, UnknownAuthRequestError when no answer will come any more.
   */
  async pollRequest(authRequest: string, options: PollOptions = {}): Promise<PollAnswer | null> {
    const { answer } = await this.poll(authRequest, options);
    return answer;
  }

  /**
   * Decrypts an auth package. What it says is not to be believed before `isAuthorized` has compared
   * it; use that to decide about a login.
   *
   * @throws InvalidResponseError when it does not decrypt, or to nothing of the known shape.
   */
  async decryptAuth(auth: string, { signal }: CallOptions = {}): Promise<AuthPackage> {
    return abortable(() => openAuthPackage(auth, this.#decrypter), signal);
  }

  /**
   * Whether the user approved. Decrypts the answer, checks that it belongs to this auth request, and
   * reports to the engine what came of it.
   *
   * @returns `false` for a denial, for the answer to another auth request, and when the engine
   *   refuses the report.
   * @throws InvalidResponseError when the answer does not decrypt; then nothing is reported.
   * @throws CommunicationError, EngineError when the report cannot be delivered; then nobody may be
   *   logged in, and the call may be made again.
   */
  async isAuthorized(
    authRequest: string,
    auth: string,
    options: CallOptions = {},
  ): Promise<boolean> {
    const { authorized } = await this.readAnswer(authRequest, { auth });
    const accepted = await this.report(authRequest, 'Authenticate', authorized, options);
    return authorized && accepted;
  }

  /**
   * Tells the engine that the login which belongs to this auth request is over.
   *
   * @returns `false` when the engine knows no such session.
   * @throws CommunicationError, EngineError when the engine is away.
   */
  async logout(authRequest: string, options: CallOptions = {}): Promise<boolean> {
    return this.report(authRequest, 'Revoke', true, options);
  }

  /**
   * Verifies a logout event: parameter `deorbit` (or `clear`) and `signature`.
   *
   * @returns The `userHash` of the user who logged out on the device.
   * @throws InvalidCallbackError when it is forged, altered or stale.
   */
  async clear(clear: string, signature: string, { signal }: CallOptions = {}): Promise<string> {
    const { userHash } = await this.verifyLogout(clear, signature, { signal });
    return userHash;
  }

  /** The same as `clear`, by the name that the vendor's pages give it. */
  async deorbit(deorbit: string, signature: string, options: CallOptions = {}): Promise<string> {
    return this.clear(deorbit, signature, options);
  }

  /**
   * Reads a server-side event. A logout has been verified; of an answer no signature is looked at,
   * since most engines make none: poll for it and believe that.
   *
   * @throws InvalidCallbackError for anything that is no event, or that cannot be trusted.
   * @throws CommunicationError when the engine's key is not known and cannot be had: let the event
   *   be sent again.
   */
  async handleCallback(params: EventParameters, options: CallOptions = {}): Promise<CallbackEvent> {
    const event = readCallback(params);
    return event.type === 'auth' ? event : this.verifyLogout(event.text, event.signature, options);
  }

  /**
   * Creates a user in the application's white label directory, or a new pairing code for one.
   *
   * @param identifier The application's own name for the user.
   */
  async createWhiteLabelUser(
    identifier: string,
    { signal }: CallOptions = {},
  ): Promise<WhiteLabelUser> {
    if (typeof identifier !== 'string' || identifier === '') {
      throw new InvalidRequestError('identifier must be a non-empty string');
    }
    const { data } = await this.#call(signal, (envelope) => this.#userCall(envelope, identifier));
    return this.#openWhiteLabelUser(data);
  }

  /** Closes the connections that are not in use. Calls under way go on, and new ones may be made. */
  close(): void {
    this.#transport.close();
  }

  /**
   * One poll, and whether the engine held it.
   *
   * @internal
   */
  async poll(authRequest: string, { wait = 0, signal }: PollOptions = {}): Promise<PollResult> {
    checkAuthRequest(authRequest);
    if (!Number.isInteger(wait) || wait < 0 || wait > 3600) {
      throw new InvalidRequestError('wait must be a whole number of seconds from 0 to 3600');
    }
    const form = new URLSearchParams({ auth_request: authRequest });
    const { data, pending, held, retryAfter } = await this.#call(signal, (envelope) => ({
      // Proxies log URLs, so the envelope travels in the body. Every engine takes a poll in this
      // form, because the PHP SDK sends it.
      method: 'POST',
      path: '/poll',
      query: 'METHOD=GET',
      body: `${envelope.form}&${form}`,
      contentType: FORM,
      wait,
      idempotent: true,
    }));
    const result: PollResult = { answer: pending ? null : readPollAnswer(data), held };
    if (retryAfter !== undefined) result.retryAfter = retryAfter;
    return result;
  }

  /**
   * Decrypts an answer and compares it with the auth request that was asked about. Reports nothing.
   *
   * @internal
   */
  async readAnswer(
    authRequest: string,
    { auth }: Pick<PollAnswer, 'auth'>,
  ): Promise<AuthPackageReading> {
    checkAuthRequest(authRequest);
    const { authRequest: answered, response, ...rest } = await this.decryptAuth(auth);
    if (answered !== authRequest) return { belongs: false, authorized: false };
    return { belongs: true, authorized: response, ...rest };
  }

  /**
   * Reports to the engine: `Authenticate` what came of an answer, `Revoke` that the login is over.
   * Resolves to `false` when the engine refuses, and rejects when it cannot be told.
   *
   * @internal
   */
  async report(
    authRequest: string,
    action: 'Authenticate' | 'Revoke',
    status: boolean,
    { signal }: CallOptions = {},
  ): Promise<boolean> {
    checkAuthRequest(authRequest);
    const form = new URLSearchParams({ auth_request: authRequest, action, status: bool(status) });
    try {
      await this.#call(signal, (envelope) => ({
        method: 'PUT',
        path: '/logs',
        body: `${envelope.form}&${form}`,
        contentType: FORM,
        idempotent: true,
      }));
      return true;
    } catch (error) {
      if (isRefusal(error)) return false;
      throw error;
    }
  }

  /**
   * Verifies a logout event and tells its time.
   *
   * @internal
   */
  async verifyLogout(
    text: string,
    signature: string,
    { signal }: CallOptions = {},
  ): Promise<LogoutEvent> {
    return abortable(() => verifyLogout({ text, signature }, this.#clock), signal);
  }

  /**
   * Verifies the signature that this project's engine puts on its events.
   *
   * @internal
   */
  async verifyEvent(params: EventParameters, { signal }: CallOptions = {}): Promise<EventTrust> {
    return abortable(() => verifyEvent(params, this.#clock), signal);
  }

  /**
   * The engine's time in milliseconds since 1970; the local time as long as the engine has not been
   * asked. Up to a second late, since engines tell whole seconds.
   *
   * @internal
   */
  engineNow(): number {
    return this.#clock.now() ?? Date.now();
  }

  async #askForPing(): Promise<Members> {
    const reply = await this.#transport.send({ method: 'GET', path: '/ping', idempotent: true });
    return this.#read(reply).data;
  }

  /**
   * Sends a call with the envelope of this second. Where the engine finds the envelope stale or made
   * with a key of the past, once more after a new ping, and never a third time.
   */
  async #call(
    signal: AbortSignal | undefined,
    build: (envelope: Envelope) => Call | Promise<Call>,
  ): Promise<Outcome & Pick<Reply, 'held' | 'retryAfter'>> {
    const envelope =
      this.#envelopes.ready() ?? (await abortable(() => this.#envelopes.current(), signal));
    try {
      return await this.#sendAndRead(await build(envelope), signal);
    } catch (error) {
      if (!(error instanceof LaunchKeyError) || !isCuredByPing(error.messageCode)) throw error;
    }
    await abortable(() => this.#clock.newerThan(envelope.reading), signal);
    const renewed = await abortable(() => this.#envelopes.current(), signal);
    try {
      return await this.#sendAndRead(await build(renewed), signal);
    } catch (error) {
      throw error instanceof LaunchKeyError && isStaleStamp(error.messageCode)
        ? staysStale(error)
        : error;
    }
  }

  async #sendAndRead(
    call: Call,
    signal: AbortSignal | undefined,
  ): Promise<Outcome & Pick<Reply, 'held' | 'retryAfter'>> {
    call.signal = signal;
    const reply = await this.#transport.send(call);
    const { data, pending } = this.#read(reply);
    return { data, pending, held: reply.held, retryAfter: reply.retryAfter };
  }

  #read(reply: Reply): Outcome {
    return readReply(reply, this.#secrets);
  }

  /** The JSON body is signed as a whole, and the signature is in the query. */
  async #userCall(envelope: Envelope, identifier: string): Promise<Call> {
    const { appKey, privateKey } = this.#options;
    const body = JSON.stringify({ app_key: appKey, secret_key: envelope.secretKey, identifier });
    const signature = (await sign(privateKey, Buffer.from(body))).toString('base64');
    return {
      method: 'POST',
      path: '/users',
      query: new URLSearchParams({ signature }).toString(),
      body,
      contentType: 'application/json',
      idempotent: false,
    };
  }

  async #openWhiteLabelUser(data: Members): Promise<WhiteLabelUser> {
    const cipher = decodeBase64(data.cipher, 2048);
    const encrypted = decodeBase64(data.data, 65_536);
    const text =
      cipher && encrypted && (await this.#decryptWhiteLabel(cipher, encrypted).catch(() => null));
    const members = text ? parseObject(text) : null;
    const { qrcode, code } = members ?? {};
    if (typeof qrcode !== 'string' || typeof code !== 'string') {
      throw new InvalidResponseError('The new user does not decrypt to a QR code and a code');
    }
    return { qrcode, code };
  }

  async #decryptWhiteLabel(cipher: Buffer, encrypted: Buffer): Promise<string> {
    const keyAndIv = await this.#decrypter.decrypt(cipher);
    return decryptAes(keyAndIv, encrypted);
  }
}

/** The secret key as it is, and as it stands in JSON and in a form. */
function spellings(secret: string): string[] {
  const form = new URLSearchParams({ secret }).toString().slice('secret='.length);
  return [secret, JSON.stringify(secret).slice(1, -1), form];
}

function authorizeForm(username: unknown, options: AuthorizeOptions): URLSearchParams {
  const { session = true, userPushId = false, policy, numberMatch } = options;
  if (typeof username !== 'string' || username.trim() === '') {
    throw new InvalidRequestError('username must be a non-empty string');
  }
  const form = new URLSearchParams({
    username,
    session: bool(session),
    user_push_id: bool(userPushId),
  });
  const context = contextOf(options.context, numberMatch);
  if (context !== undefined) form.set('context', context);
  if (policy !== undefined) form.set('policy', policyText(policy));
  if (numberMatch !== undefined) form.set('number_match', String(numberMatch));
  return form;
}

/** Engines that do not know `number_match` ignore it, so the context names the number too. */
function contextOf(context: unknown, numberMatch: unknown): string | undefined {
  if (context !== undefined && typeof context !== 'string') {
    throw new InvalidRequestError('context must be a string');
  }
  if (numberMatch !== undefined && !/^\d\d$/.test(String(numberMatch))) {
    throw new InvalidRequestError('numberMatch must be a number of two digits');
  }
  const number = numberMatch === undefined ? undefined : `Number: ${numberMatch}`;
  const text = [context, number].filter(Boolean).join('\n');
  // Counted in UTF-16 units, as Java counts.
  if (text.length > MAX_CONTEXT) {
    throw new InvalidRequestError(`context has more than ${MAX_CONTEXT} characters`);
  }
  return text === '' ? undefined : text;
}

function policyText(policy: unknown): string {
  // Whatever else it is, a promise or raw options, an engine would read it as no demand at all.
  const { minimum_requirements: minimum, factors } = (policy ?? {}) as Partial<Policy>;
  if (!Array.isArray(minimum) || !Array.isArray(factors) || minimum.length + factors.length === 0) {
    throw new InvalidRequestError('policy must be an object as policy() makes it');
  }
  return JSON.stringify({ minimum_requirements: minimum, factors });
}

/** Booleans as Python sends them, which every engine takes. */
const bool = (value: boolean) => (value ? 'True' : 'False');

function checkAuthRequest(authRequest: unknown): void {
  if (typeof authRequest !== 'string' || authRequest === '' || authRequest.length > 256) {
    throw new InvalidRequestError('authRequest must be the token of an auth request');
  }
}

function readPollAnswer(data: Members): PollAnswer {
  const { auth, user_hash: userHash, organization_user, user_push_id } = data;
  if (typeof auth !== 'string' || auth === '' || typeof userHash !== 'string' || userHash === '') {
    throw new InvalidResponseError('The answer lacks auth or user_hash');
  }
  const answer: PollAnswer = { auth, userHash };
  if (typeof organization_user === 'string' && organization_user !== '') {
    answer.organizationUser = organization_user;
  }
  if (typeof user_push_id === 'string' && user_push_id !== '') answer.userPushId = user_push_id;
  return answer;
}

/** The engine has spoken, and would say the same again. */
function isRefusal(error: unknown): boolean {
  return (
    error instanceof LaunchKeyError &&
    error.status !== undefined &&
    !error.retryable &&
    !(error instanceof InvalidResponseError)
  );
}

function staysStale(error: LaunchKeyError): ExpiredAuthRequestError {
  const { status, messageCode, engineMessage } = error;
  return new ExpiredAuthRequestError(
    'The engine calls the time stamp stale, also after its clock was asked for anew',
    { code: STALE_STAMP, status, messageCode, engineMessage },
  );
}
