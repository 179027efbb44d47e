import type { AppCredentials, AppInfo, AppOptions } from './domain/apps.js';
import type { RotatedCredentials, RotateOptions } from './domain/rotation.js';
import type {
  AuditEntry,
  DeviceInfo,
  OpenSession,
  PairingCode,
  PendingRequest,
  Receipt,
} from './domain/snapshots.js';
import type { UserInfo } from './domain/users.js';
import type { AnswerOptions, AnswerResult } from './domain/virtual-device.js';

/** A running engine. */
export interface Engine {
  /** `http://ADDRESS:PORT`, with `tls` `https://…`, without a slash at its end; the API is at `${url}/v1`. */
  readonly url: string;
  /**
   * The page on which users answer, under the public URL. It acts for virtual devices, which only
   * browsers on the engine's own machine can use.
   */
  readonly authenticatorUrl: string;
  /** Creates an application and makes its credentials, which are shown only here. */
  createApp(options: AppOptions): Promise<AppCredentials>;
  /** All applications. */
  apps(): Promise<AppInfo[]>;
  /**
   * Refuses all further calls of the application, with 40435, and those that are held; events wait until
   * it is enabled, or they are too old.
   */
  disableApp(appKey: string): Promise<void>;
  /** Undoes `disableApp`. */
  enableApp(appKey: string): Promise<void>;
  /**
   * Makes new credentials for an application, by default its secret key and its key pair, and shows
   * them only here. What it had is refused from now on, unless `grace` says for how long it may go on
   * with it: answers to requests that it makes meanwhile are encrypted for the key that it makes them
   * with. A further rotation ends what came before the last one.
   */
  rotateApp(appKey: string, options?: RotateOptions): Promise<RotatedCredentials>;
  /**
   * Deletes an application, and with it its requests, LaunchKey sessions, receipts, events that wait,
   * and its white label users with their devices. The audit trail stays. There is no way back.
   */
  deleteApp(appKey: string): Promise<void>;
  /**
   * Creates a user, by default with a virtual device. With `{ device: false }` the user has none, and
   * applications are told so (40424).
   */
  createUser(username: string, options?: { device?: boolean }): Promise<UserInfo>;
  /** All users; white label users are called `identifier@appKey`. */
  users(): Promise<UserInfo[]>;
  /**
   * Deletes a user, and with it its devices, open requests, LaunchKey sessions, receipts, and events
   * that wait. Applications are not told: where logins there are to end, `deorbit` and let the events
   * go out before. The audit trail stays. There is no way back.
   */
  deleteUser(username: string): Promise<void>;
  /** Gives a white label user a virtual device, by the code that the application was given. */
  pair(code: string): Promise<{ username: string }>;
  /**
   * Makes a code and a link that pair a device with the user, once and within ten minutes. `qrcode` is
   * the address of the link's QR code as PNG; with `.svg` at its end, as SVG.
   */
  pairDevice(username: string): Promise<PairingCode>;
  /** The devices that a user has paired, in the order in which it was done. */
  devices(username: string): Promise<DeviceInfo[]>;
  /**
   * Unpairs a device, as one that was lost: what it holds open ends at once, and with the last one end
   * the user's open requests.
   */
  unpairDevice(username: string, deviceId: string): Promise<void>;
  /** Until when a user cannot be asked, after having reported fraud; `undefined` if he can. */
  pausedUntil(username: string): Promise<Date | undefined>;
  /** Ends the pause that followed a report of fraud. */
  endPause(username: string): Promise<void>;
  /** What was done, the newest first: at most `limit` (100), of one user or of all. */
  audit(filter?: { username?: string; limit?: number }): Promise<AuditEntry[]>;
  /** What a paired device has signed when it answered, or `undefined` if none did. */
  receipt(authRequest: string): Promise<Receipt | undefined>;
  /** The open requests of a user, oldest first. */
  requests(username: string): Promise<PendingRequest[]>;
  /** Answers on the virtual device, and says what the application will read. */
  answer(authRequest: string, approve: boolean, options?: AnswerOptions): Promise<AnswerResult>;
  /** The LaunchKey sessions of a user that have not ended. */
  sessions(username: string): Promise<OpenSession[]>;
  /**
   * Ends the user's sessions with one application, or with all: they are `pending clear` from now on,
   * and the applications are told by a signed event. Returns the sessions concerned.
   */
  deorbit(username: string, appKey?: string): Promise<OpenSession[]>;
  /** Makes a new ping key. The one before goes on decrypting for `pingKeyGrace`. */
  rotatePingKey(): Promise<{ fingerprint: string; dateStamp: Date }>;
  /** Answers held polls with 503, closes all connections, and leaves nothing running. */
  close(): Promise<void>;
}
