import type { AppCredentials, AppInfo, AppOptions } from './domain/apps.js';
import type { Finding } from './domain/doctor.js';
import type { RotatedCredentials, RotateOptions } from './domain/rotation.js';
import type {
  AuditEntry,
  DeviceInfo,
  OpenSession,
  PairingCode,
  PendingRequest,
  Receipt,
} from './domain/snapshots.js';
import type { EngineStatus } from './domain/status.js';
import type { UserInfo } from './domain/users.js';
import type { AnswerOptions, AnswerResult } from './domain/virtual-device.js';

/** Which entries of the audit trail {@link Engine.audit} returns. */
export interface AuditFilter {
  /** Only entries of this user, or of deleted users of this name. */
  username?: string;
  /** Only entries from this time on. */
  since?: Date;
  /** Only entries before this time. */
  until?: Date;
  /**
   * Only entries after the one with this cursor, oldest first; `'0'` begins with the first. An entry that
   * is written later always comes after the last one that was returned, so that none is lost.
   */
  after?: string;
  /** Only entries before the one with this cursor. */
  before?: string;
  /** Maximum number of entries, at most 10,000. Default: 100. */
  limit?: number;
}

/** Everything that the engine keeps about a user, as {@link Engine.exportUser} returns it. */
export interface UserExport {
  user: UserInfo;
  devices: DeviceInfo[];
  /** The open auth requests. */
  requests: PendingRequest[];
  /** The LaunchKey sessions that have not ended. */
  sessions: OpenSession[];
  /** What the devices signed, newest first. */
  receipts: Receipt[];
}

/** The options of {@link Engine.close}. */
export interface CloseOptions {
  /**
   * How long the engine goes on serving at most, in milliseconds of real time. Where no proxy has asked
   * for `/readyz` in the last half minute, this is a second at most. Default: 0.
   */
  drainMs?: number;
}

/**
 * A running engine, as {@link startEngine} returns it.
 *
 * Every method rejects with a {@link LaunchKeyEngineError}. Its `code` is `ENGINE_CLOSED` after
 * {@link Engine.close}, `ENGINE_INVALID_OPTION` for an argument that is missing, unknown or unusable,
 * and else what the method's description names.
 */
export interface Engine {
  /**
   * The URL at which the engine listens, without a slash at its end: `http://ADDRESS:PORT`, or
   * `https://…` with the option `tls`. The API is at `${url}/v1`.
   */
  readonly url: string;
  /** The URL of `/metrics` where the option `metricsListen` gives it a port of its own. */
  readonly metricsUrl?: string;
  /**
   * The URL of the page on which users answer. It is below the public URL where the option `publicUrl`
   * is set. With `?user=NAME` the page acts for the virtual device of a user, for browsers on the
   * engine's own machine only.
   */
  readonly authenticatorUrl: string;

  /**
   * Creates an application and its credentials. The secret key and the private key are returned here
   * only: the engine keeps no copy of either.
   *
   * @example
   * ```ts
   * import { LaunchKeyStrategy } from 'passport-launchkey';
   *
   * const app = await engine.createApp({
   *   name: 'Shop',
   *   callbackUrl: 'https://shop.example.com/launchkey/callback',
   * });
   * passport.use(new LaunchKeyStrategy({ apiBaseUrl: `${engine.url}/v1`, ...app }, verify));
   * ```
   */
  createApp(options: AppOptions): Promise<AppCredentials>;
  /** Returns all applications. */
  apps(): Promise<AppInfo[]>;
  /**
   * Refuses all further calls of an application with message code 40435, the polls that it holds
   * included. Its events wait until {@link Engine.enableApp}, or until they are too old.
   *
   * Rejects with `ENGINE_UNKNOWN_APP`.
   */
  disableApp(appKey: string): Promise<void>;
  /** Accepts the calls of a disabled application again. Rejects with `ENGINE_UNKNOWN_APP`. */
  enableApp(appKey: string): Promise<void>;
  /**
   * Makes new credentials for an application: by default a new secret key and a new key pair, which are
   * returned here only. The credentials before are refused at once, or after the option `grace`. An
   * answer is encrypted for the key with which its request was made, as long as that key is valid. A
   * further rotation ends the credentials before the last one.
   *
   * Rejects with `ENGINE_UNKNOWN_APP`.
   *
   * @example
   * ```ts
   * // The application keeps working with its present secret key for an hour.
   * const { secretKey } = await engine.rotateApp('1234567890', { only: 'secretKey', grace: 3_600_000 });
   * ```
   */
  rotateApp(appKey: string, options?: RotateOptions): Promise<RotatedCredentials>;
  /**
   * Deletes an application with its requests, LaunchKey sessions, receipts and waiting events, and its
   * white label users with their devices. The audit trail stays. A deletion cannot be undone.
   *
   * Rejects with `ENGINE_UNKNOWN_APP`.
   */
  deleteApp(appKey: string): Promise<void>;

  /**
   * Creates a user. Where `virtualDevices` is on, the user has a virtual device until a phone is paired.
   * Where it is off, and with `{ device: false }`, the user has no device, and requests are refused with
   * message code 40424 until a phone is paired.
   *
   * Rejects with `ENGINE_USER_EXISTS` if the name is taken, and with `ENGINE_NO_VIRTUAL_DEVICE` for
   * `{ device: true }` where virtual devices are off.
   */
  createUser(username: string, options?: { device?: boolean }): Promise<UserInfo>;
  /** Returns all users. A white label user is named `identifier@appKey`. */
  users(): Promise<UserInfo[]>;
  /**
   * Keeps a user from logging in until {@link Engine.resumeUser}. Applications receive the answer for a
   * user without a device, message code 40424. Open auth requests expire, and the LaunchKey sessions end:
   * each application receives one signed event. Devices stay paired. Repeating it has no further effect.
   *
   * Rejects with `ENGINE_UNKNOWN_USER`.
   *
   * @example
   * ```ts
   * await engine.suspendUser('alice');
   * // … when alice may log in again:
   * await engine.resumeUser('alice');
   * ```
   */
  suspendUser(username: string): Promise<void>;
  /** Lets a suspended user log in again. Rejects with `ENGINE_UNKNOWN_USER`. */
  resumeUser(username: string): Promise<void>;
  /**
   * Deletes a user with its devices, open requests, LaunchKey sessions, receipts and the waiting events
   * of its answers. The sessions end first: each application receives one signed event, which is sent
   * after the deletion, too. The audit trail stays. A deletion cannot be undone.
   *
   * Rejects with `ENGINE_UNKNOWN_USER`.
   */
  deleteUser(username: string): Promise<void>;

  /**
   * Gives a white label user a virtual device, by the pairing code that the application received.
   *
   * Rejects with `ENGINE_UNKNOWN_CODE`, with `ENGINE_NO_VIRTUAL_DEVICE` if the user has paired a phone,
   * and with `ENGINE_LIMIT` if too many codes were tried in the last minute.
   */
  pair(code: string): Promise<{ username: string }>;
  /**
   * Makes a code and a link that pair a device with a user. Either works once, for ten minutes, and
   * both replace the user's earlier ones.
   *
   * Rejects with `ENGINE_UNKNOWN_USER`.
   */
  pairDevice(username: string): Promise<PairingCode>;
  /** Returns the devices that a user has paired, oldest first. Rejects with `ENGINE_UNKNOWN_USER`. */
  devices(username: string): Promise<DeviceInfo[]>;
  /**
   * Unpairs a device, for example a lost phone. The requests that it holds open end at once. With the
   * last device of a user, the user's open auth requests expire.
   *
   * Rejects with `ENGINE_UNKNOWN_USER` or `ENGINE_UNKNOWN_DEVICE`.
   */
  unpairDevice(username: string, deviceId: string): Promise<void>;

  /**
   * Returns until when requests to a user are paused after a report of fraud, or `undefined` while they
   * are not paused.
   *
   * Rejects with `ENGINE_UNKNOWN_USER`.
   */
  pausedUntil(username: string): Promise<Date | undefined>;
  /** Ends the pause that followed a report of fraud. Rejects with `ENGINE_UNKNOWN_USER`. */
  endPause(username: string): Promise<void>;

  /** Returns the open auth requests of a user, oldest first. Rejects with `ENGINE_UNKNOWN_USER`. */
  requests(username: string): Promise<PendingRequest[]>;
  /**
   * Answers an auth request on the virtual device and returns the answer that the application receives.
   * The virtual device can prove possession only: a request whose policy asks for more is denied with
   * the reason `policy`.
   *
   * Rejects with `ENGINE_UNKNOWN_REQUEST`, `ENGINE_REQUEST_ANSWERED`, `ENGINE_REQUEST_EXPIRED` or
   * `ENGINE_REQUEST_WITHDRAWN`, with `ENGINE_NO_VIRTUAL_DEVICE` if the user has no virtual device, with `ENGINE_NUMBER_REQUIRED` if an
   * approval lacks its number, and with `ENGINE_DENIAL_ONLY` if a wrong number was given before.
   *
   * @example
   * ```ts
   * for (const { authRequest } of await engine.requests('alice')) {
   *   await engine.answer(authRequest, true);
   * }
   * ```
   */
  answer(authRequest: string, approve: boolean, options?: AnswerOptions): Promise<AnswerResult>;
  /** Returns the LaunchKey sessions of a user. Rejects with `ENGINE_UNKNOWN_USER`. */
  sessions(username: string): Promise<OpenSession[]>;
  /**
   * Ends the LaunchKey sessions of a user with one application, or with all. They are `pending clear`
   * until the application confirms, and each application receives one signed event. Returns the
   * sessions concerned.
   *
   * Rejects with `ENGINE_UNKNOWN_USER` or `ENGINE_UNKNOWN_APP`.
   */
  deorbit(username: string, appKey?: string): Promise<OpenSession[]>;

  /**
   * Returns entries of the audit trail, newest first, or oldest first with `after`.
   *
   * Rejects with `ENGINE_UNKNOWN_USER` if there neither is nor was a user of this name.
   *
   * @example Every entry once, and later those that were written meanwhile
   * ```ts
   * let after = '0';
   * const read = async () => {
   *   for (;;) {
   *     const entries = await engine.audit({ after, limit: 1000 });
   *     for (const entry of entries) console.log(JSON.stringify(entry));
   *     after = entries.at(-1)?.cursor ?? after;
   *     if (entries.length < 1000) return;
   *   }
   * };
   * await read();
   * ```
   */
  audit(filter?: AuditFilter): Promise<AuditEntry[]>;
  /**
   * Returns everything that the engine keeps about a user but the audit trail, which
   * {@link Engine.audit} returns.
   *
   * Rejects with `ENGINE_UNKNOWN_USER`.
   */
  exportUser(username: string): Promise<UserExport>;
  /** Returns the state of the engine: versions, the engines on the data, what waits, the latest faults. */
  status(): Promise<EngineStatus>;
  /**
   * Checks the data, the public URL with its certificate, trusted proxies, open files, clocks, events and
   * users without a device, and says what to do.
   */
  doctor(): Promise<Finding[]>;
  /**
   * Returns what a paired device signed when it answered an auth request, or `undefined` if no paired
   * device did.
   */
  receipt(authRequest: string): Promise<Receipt | undefined>;
  /**
   * Makes a new ping key. The key before keeps decrypting envelopes for the option `pingKeyGrace`.
   */
  rotatePingKey(): Promise<{ fingerprint: string; dateStamp: Date }>;

  /**
   * Answers held polls with status 503, closes all connections and the data, and leaves nothing running.
   * Calling it again has no effect, except that it ends a drain.
   *
   * With `drainMs` the engine goes on serving until the proxies in front of it have noticed that
   * `/readyz` fails and all connections have ended, and answers held polls as if their time were up.
   */
  close(options?: CloseOptions): Promise<void>;
}
