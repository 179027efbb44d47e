import { sameDigest, sha256 } from '../crypto/digest.js';
import { type EcPublicKey, readEcPublicKey, thumbprint, verifyEc } from '../crypto/ec.js';
import { LETTERS_AND_DIGITS, randomText } from '../crypto/random.js';
import type { Data } from '../data/data.js';
import type { AppRecord } from '../data/ports/apps.js';
import type { DeviceRecord } from '../data/ports/devices.js';
import type { Overview, UserRecord } from '../data/ports/users.js';
import { REPORT_WITHDRAWN_MS } from '../data/retention.js';
import type { Audit } from './audit.js';
import { FailedTries } from './failed-tries.js';
import { isLinkSecret, type Pairings } from './pairings.js';
import { invalid, isRefused, type Refusal } from './refusals.js';
import type { Signals } from './signals.js';
import type { SignedRequest } from './signed-request.js';
import { hasControlCharacters } from './text.js';
import { newDeviceId } from './users.js';
import { MAX_SHOWN_WITHDRAWN } from './withdrawals.js';

/** Allowed difference between a device's clock and the engine's, in both directions. */
const MAX_CLOCK_SKEW_MS = 60_000;
/** Signed requests of one device while its nonces are stored, which is two minutes at most. */
const MAX_REQUESTS_PER_DEVICE = 300;
/** How long a device that sends too many requests is told to wait. */
const DEVICE_RETRY_MS = 30_000;
/** Precision of the time at which a device was last seen. */
const LAST_SEEN_PRECISION_MS = 60_000;
const MAX_DEVICE_NAME_LENGTH = 50;
const MAX_CODE_LENGTH = 100;

export interface DeviceDependencies {
  data: Data;
  pairings: Pairings;
  signals: Signals;
  audit: Audit;
  clock: () => number;
  /** Maximum number of devices of one user. */
  limit: number;
}

/** A device that was just paired, with the token that only the device keeps. */
export interface PairedDevice {
  device: DeviceRecord;
  token: string;
  username: string;
}

/** Phones and browsers that users have paired. */
export class Devices {
  private readonly with: DeviceDependencies;
  private readonly tries: FailedTries;

  constructor(dependencies: DeviceDependencies) {
    this.with = dependencies;
    this.tries = new FailedTries(dependencies.clock);
  }

  /** Pairs the device that signed this request with the key that the request carries. */
  async pair(
    given: { code: unknown; name: unknown; publicKey: unknown },
    signed: SignedRequest,
    ip: string,
  ): Promise<
    | PairedDevice
    | Refusal<
        'invalid' | 'clock' | 'signature' | 'unknown_code' | 'too_many_codes' | 'too_many_devices'
      >
  > {
    const { data, audit, signals, clock, limit } = this.with;
    const name = readDeviceName(given.name);
    if (isRefused(name)) return name;
    const publicKey = readPublicKey(given.publicKey);
    if (isRefused(publicKey)) return publicKey;
    const { code } = given;
    if (typeof code !== 'string' || code === '' || code.length > MAX_CODE_LENGTH) {
      return invalid('code', "a pairing code or a pairing link's secret");
    }
    const late = this.refuseClock(signed);
    if (late) return late;
    const holds = signed.keyId === thumbprint(publicKey) && (await verifies(publicKey, signed));
    if (!holds) return { refused: 'signature' };
    const user = await this.userOf(code, ip);
    if (isRefused(user)) return user;
    const token = randomText(43, LETTERS_AND_DIGITS);
    const now = clock();
    const device: DeviceRecord = {
      id: newDeviceId(),
      userId: user.id,
      name,
      publicKey,
      tokenHash: sha256(token),
      createdAt: now,
      lastSeenAt: now,
    };
    const inserted = await data.devices.insert(device, limit);
    if (inserted === 'gone') return { refused: 'unknown_code' };
    if (inserted === 'full') return { refused: 'too_many_devices', limit };
    await audit.write('device.paired', { userId: user.id, deviceId: device.id }, { name });
    signals.publish({ userId: user.id });
    return { device, token, username: user.username };
  }

  /** Uses up a pairing code and returns its user. */
  private async userOf(
    code: string,
    ip: string,
  ): Promise<UserRecord | Refusal<'unknown_code' | 'too_many_codes'>> {
    const { data, pairings } = this.with;
    // A neighbour at the same address who guesses codes must not keep users from pairing by links.
    const succeed = isLinkSecret(code) ? () => {} : this.tries.begin(ip);
    if (typeof succeed === 'number') {
      return { refused: 'too_many_codes', from: 'address', retryAfterMs: succeed };
    }
    const pairing = await pairings.take(code);
    if (isRefused(pairing)) return pairing;
    const user = await data.users.get(pairing.userId);
    if (!user) return { refused: 'unknown_code' };
    succeed();
    return user;
  }

  /**
   * Returns the device that sent this request. The token and the key must belong to the same device,
   * the signature must be recent, and its nonce must be new.
   */
  async authenticate(
    authorization: string | undefined,
    signed: SignedRequest,
  ): Promise<
    DeviceRecord | Refusal<'unpaired' | 'clock' | 'signature' | 'replay' | 'too_many_requests'>
  > {
    const { data, clock } = this.with;
    const [, token] = /^LaunchKey-Device ([A-Za-z0-9]{43})$/.exec(authorization ?? '') ?? [];
    const known = await data.calls.device(signed.keyId);
    if (!token || !known || !sameDigest(known.tokenHash, sha256(token))) {
      return { refused: 'unpaired' };
    }
    const late = this.refuseClock(signed);
    if (late) return late;
    if (!(await verifies(known.publicKey, signed))) return { refused: 'signature' };
    const now = clock();
    const device = await data.calls.admit(known.id, {
      nonce: signed.nonce,
      expiresAt: signed.created * 1000 + MAX_CLOCK_SKEW_MS + 1000,
      now,
      limit: MAX_REQUESTS_PER_DEVICE,
    });
    if (device === 'gone') return { refused: 'unpaired' };
    if (device === 'seen') return { refused: 'replay' };
    if (device === 'full') return { refused: 'too_many_requests', retryAfterMs: DEVICE_RETRY_MS };
    if (now - device.lastSeenAt >= LAST_SEEN_PRECISION_MS) {
      await data.devices.seen(device.id, now);
    }
    return device;
  }

  /** Returns the user of a device; `'unpaired'` if the user was deleted. */
  async owner({ userId }: DeviceRecord): Promise<UserRecord | Refusal<'unpaired'>> {
    return (await this.with.data.users.get(userId)) ?? { refused: 'unpaired' };
  }

  /**
   * Returns everything that the user's devices show, and the applications of the open requests;
   * `'unpaired'` if the user was deleted.
   */
  async overview({
    userId,
  }: DeviceRecord): Promise<{ overview: Overview; apps: AppRecord[] } | Refusal<'unpaired'>> {
    const { data, clock } = this.with;
    const now = clock();
    const found = await data.calls.overview(userId, {
      now,
      withdrawnSince: now - REPORT_WITHDRAWN_MS,
      maxWithdrawn: MAX_SHOWN_WITHDRAWN,
    });
    return found ?? { refused: 'unpaired' };
  }

  async list(userId: string): Promise<DeviceRecord[]> {
    return await this.with.data.devices.list(userId);
  }

  /** Returns the refusal, if any. */
  async rename(
    userId: string,
    id: unknown,
    given: unknown,
  ): Promise<Refusal<'invalid' | 'unknown_device'> | undefined> {
    const { data, audit, signals } = this.with;
    const name = readDeviceName(given);
    if (isRefused(name)) return name;
    const device = await this.own(userId, id);
    if (!device || !(await data.devices.update(device.id, { name }))) {
      return { refused: 'unknown_device' };
    }
    await audit.write('device.renamed', { userId, deviceId: device.id }, { name });
    signals.publish({ userId });
    return undefined;
  }

  /**
   * Unpairs a device and ends the requests that it holds. With the user's last device, the user's open
   * auth requests expire, because no device can answer them. `by` is the device on which the user did
   * it; without it, the operator did. Returns the refusal, if any.
   */
  async unpair(
    userId: string,
    id: unknown,
    by?: string,
  ): Promise<Refusal<'unknown_device'> | undefined> {
    const { data, audit, signals, clock } = this.with;
    const device = await this.own(userId, id);
    if (!device || !(await data.devices.delete(userId, device.id))) {
      return { refused: 'unknown_device' };
    }
    if ((await data.devices.list(userId)).length === 0) {
      const expired = await data.requests.expireOpen(userId, clock());
      for (const authRequest of expired) signals.publish({ authRequest });
    }
    await audit.write(
      'device.unpaired',
      { userId, deviceId: device.id },
      { name: device.name, by: by ?? 'operator' },
    );
    signals.publish({ userId });
    return undefined;
  }

  private async own(userId: string, id: unknown): Promise<DeviceRecord | undefined> {
    const device = typeof id === 'string' ? await this.with.data.devices.get(id) : undefined;
    return device?.userId === userId ? device : undefined;
  }

  private refuseClock({ created }: SignedRequest): Refusal<'clock'> | undefined {
    const now = this.with.clock();
    const isRecent = Math.abs(created * 1000 - now) <= MAX_CLOCK_SKEW_MS;
    return isRecent ? undefined : { refused: 'clock', now };
  }
}

export function readDeviceName(value: unknown): string | Refusal<'invalid'> {
  const name = typeof value === 'string' ? value.trim() : '';
  const fits = name !== '' && name.length <= MAX_DEVICE_NAME_LENGTH && !hasControlCharacters(name);
  return fits
    ? name
    : invalid('name', `1 to ${MAX_DEVICE_NAME_LENGTH} characters without control characters`);
}

export function readPublicKey(value: unknown): EcPublicKey | Refusal<'invalid'> {
  const expected = 'the JWK of a P-256 public key with the members kty, crv, x and y alone';
  return readEcPublicKey(value) ?? invalid('publicKey', expected);
}

function verifies(key: EcPublicKey, { base, signature }: SignedRequest): Promise<boolean> {
  return verifyEc(key, base, signature);
}
