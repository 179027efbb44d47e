import type { AppRecord } from './apps.js';
import type { DeviceRecord } from './devices.js';
import type { PastRequest, RequestRecord } from './requests.js';
import type { Overview, OverviewLimits, Recipient, UserName } from './users.js';

/** The application of a call, and what the call is about. */
export interface Found<Subject> {
  app: AppRecord | undefined;
  /** Returns what the call is about. Reads it only now unless both were found in one round trip. */
  subject(): Promise<Subject | undefined>;
}

/** What identifies a device; none of it changes while the device is paired. */
export type DeviceIdentity = Pick<DeviceRecord, 'id' | 'userId' | 'publicKey' | 'tokenHash'>;

/** A nonce of a signed request of a device. */
export interface UsedNonce {
  nonce: string;
  /** Until when it is remembered. */
  expiresAt: number;
  now: number;
  /** How many nonces of the device may be remembered. */
  limit: number;
}

/**
 * The reads of the calls that a login consists of. Other ports offer the same one by one; here a database
 * is asked once for what one call needs.
 */
export interface CallPort {
  /** The application, and the user with the first of these names. */
  recipient(appKey: string, names: readonly UserName[]): Promise<Found<Recipient>>;
  /** The application, and a request of any application. */
  request(appKey: string, authRequest: string): Promise<Found<RequestRecord | PastRequest>>;
  /** A request, and the application that made it. */
  answerable(
    authRequest: string,
  ): Promise<{ request: RequestRecord | PastRequest; app: AppRecord | undefined } | undefined>;
  /** The device, which may have been deleted meanwhile: {@link admit} says so. */
  device(id: string): Promise<DeviceIdentity | undefined>;
  /**
   * Takes a nonce like `NoncePort.take`, and returns the device as it is then. `'gone'` if it does not
   * exist.
   */
  admit(deviceId: string, nonce: UsedNonce): Promise<DeviceRecord | 'seen' | 'full' | 'gone'>;
  /** The overview of a user, and the applications of the open requests. */
  overview(
    userId: string,
    limits: OverviewLimits,
  ): Promise<{ overview: Overview; apps: AppRecord[] } | undefined>;
}
