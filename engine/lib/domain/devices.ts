import { sameDigest, sha256 } from '../crypto/digest.js';
import { type EcPublicKey, readEcPublicKey, thumbprint, verifyEc } from '../crypto/ec.js';
import { LETTERS_AND_DIGITS, randomText } from '../crypto/random.js';
import type { Data } from '../data/data.js';
import type { DeviceRecord } from '../data/ports/devices.js';
import type { UserRecord } from '../data/ports/users.js';
import type { Audit } from './audit.js';
import { DeviceRefusal, invalid } from './device-refusal.js';
import { FailedTries } from './failed-tries.js';
import type { Pairings } from './pairings.js';
import type { Signals } from './signals.js';
import type { SignedRequest } from './signed-request.js';
import { hasControlCharacters } from './text.js';
import { newDeviceId } from './users.js';

/** How far a device's clock may be off, both ways. */
const CLOCK_TOLERANCE = 60_000;
/** Signed requests of one device within the time that its nonces are remembered, two minutes at most. */
const REQUESTS_PER_DEVICE = 300;
/** How exactly it is known when a device was last seen. */
const SEEN_EVERY = 60_000;
const LONGEST_NAME = 50;

export interface DeviceDependencies {
  data: Data;
  pairings: Pairings;
  signals: Signals;
  audit: Audit;
  clock: () => number;
  /** How many devices a user can have. */
  limit: number;
}

/** A device that was just paired; its token is known here and to the device only. */
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

  /** Pairs the device that has signed this request with the key that it brings. */
  async pair(
    given: { code: unknown; name: unknown; publicKey: unknown },
    signed: SignedRequest,
    ip: string,
  ): Promise<PairedDevice> {
    const { data, audit, signals, clock, limit } = this.with;
    const name = readDeviceName(given.name);
    const publicKey = readKey(given.publicKey);
    if (typeof given.code !== 'string' || given.code === '' || given.code.length > 100) {
      throw invalid('code must be the code that was given, or the secret of its link.');
    }
    this.checkClock(signed);
    const holds = signed.keyId === thumbprint(publicKey) && (await verifies(publicKey, signed));
    if (!holds) throw mismatch();
    const user = await this.userOf(given.code, ip);
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
    if (inserted === 'gone') throw unknownCode();
    if (inserted === 'full') {
      throw new DeviceRefusal('full', `A user has at most ${limit} devices: unpair one first.`);
    }
    await audit.write('device.paired', { userId: user.id, deviceId: device.id }, { name });
    signals.publish({ userId: user.id });
    return { device, token, username: user.username };
  }

  /** Whom the code is for; it is used up by this. */
  private async userOf(code: string, ip: string): Promise<UserRecord> {
    const { data, pairings } = this.with;
    const succeed = this.tries.begin(ip);
    if (typeof succeed === 'number') {
      throw new DeviceRefusal('too_many', 'Too many codes that are none came from this address.', {
        retryAfter: succeed,
      });
    }
    const pairing = await pairings.take(code);
    if (pairing === 'too many') {
      throw new DeviceRefusal(
        'too_many',
        'Too many codes are being tried. Wait, or use the link.',
        { retryAfter: 60_000 },
      );
    }
    const user = pairing === 'unknown' ? undefined : await data.users.get(pairing.userId);
    if (!user) throw unknownCode();
    succeed();
    return user;
  }

  /**
   * The device that has made this request. Token and key must both be its own, the request must be of
   * now, and it must not have been made before.
   */
  async authenticate(
    authorization: string | undefined,
    signed: SignedRequest,
  ): Promise<DeviceRecord> {
    const { data, clock } = this.with;
    const [, token] = /^LaunchKey-Device ([A-Za-z0-9]{43})$/.exec(authorization ?? '') ?? [];
    const device = await data.devices.get(signed.keyId);
    if (!token || !device || !sameDigest(device.tokenHash, sha256(token))) throw unpaired();
    this.checkClock(signed);
    if (!(await verifies(device.publicKey, signed))) throw mismatch();
    const now = clock();
    const until = signed.created * 1000 + CLOCK_TOLERANCE + 1000;
    const nonce = await data.nonces.take(device.id, signed.nonce, until, now, REQUESTS_PER_DEVICE);
    if (nonce === 'gone') throw unpaired();
    if (nonce === 'seen') {
      throw new DeviceRefusal('replay', 'This request was made before: sign it anew.');
    }
    if (nonce === 'full') {
      throw new DeviceRefusal('too_many', 'This device asks too often.', { retryAfter: 30_000 });
    }
    if (now - device.lastSeenAt >= SEEN_EVERY) {
      await data.devices.update(device.id, { lastSeenAt: now });
    }
    return device;
  }

  /** Whose device it is. */
  async owner({ userId }: DeviceRecord): Promise<UserRecord> {
    const user = await this.with.data.users.get(userId);
    if (!user) throw unpaired();
    return user;
  }

  async list(userId: string): Promise<DeviceRecord[]> {
    return await this.with.data.devices.list(userId);
  }

  async rename(userId: string, id: unknown, given: unknown): Promise<void> {
    const { data, audit, signals } = this.with;
    const name = readDeviceName(given);
    const device = await this.own(userId, id);
    if (!(await data.devices.update(device.id, { name }))) throw unknownDevice();
    await audit.write('device.renamed', { userId, deviceId: device.id }, { name });
    signals.publish({ userId });
  }

  /**
   * Takes a device away from its user, for what it holds open at once. With the last one go the user's
   * open requests, which nobody is left to answer. `by` is the device that it was done on; none means
   * the operator.
   */
  async unpair(userId: string, id: unknown, by?: string): Promise<void> {
    const { data, audit, signals, clock } = this.with;
    const device = await this.own(userId, id);
    if (!(await data.devices.delete(userId, device.id))) throw unknownDevice();
    if ((await data.devices.list(userId)).length === 0) {
      const dead = await data.requests.expireOpen(userId, clock());
      for (const authRequest of dead) signals.publish({ authRequest });
    }
    await audit.write(
      'device.unpaired',
      { userId, deviceId: device.id },
      { name: device.name, by: by ?? 'operator' },
    );
    signals.publish({ userId });
  }

  private async own(userId: string, id: unknown): Promise<DeviceRecord> {
    const device = typeof id === 'string' ? await this.with.data.devices.get(id) : undefined;
    if (device?.userId !== userId) throw unknownDevice();
    return device;
  }

  private checkClock({ created }: SignedRequest): void {
    const now = this.with.clock();
    if (Math.abs(created * 1000 - now) <= CLOCK_TOLERANCE) return;
    throw new DeviceRefusal(
      'clock',
      'The request was signed at another time than the engine has.',
      {
        now,
      },
    );
  }
}

export function readDeviceName(value: unknown): string {
  const name = typeof value === 'string' ? value.trim() : '';
  if (name !== '' && name.length <= LONGEST_NAME && !hasControlCharacters(name)) return name;
  throw invalid(`name must be a text of 1 to ${LONGEST_NAME} characters.`);
}

export function readKey(value: unknown): EcPublicKey {
  const key = readEcPublicKey(value);
  if (key) return key;
  throw invalid(
    'publicKey must be the JWK of a P-256 public key: kty, crv, x, y and nothing else.',
  );
}

function verifies(key: EcPublicKey, { base, signature }: SignedRequest): Promise<boolean> {
  return verifyEc(key, base, signature);
}

function unknownCode(): DeviceRefusal {
  return new DeviceRefusal(
    'unknown_code',
    'This code is not known: it may have been mistyped, used already, or be more than ten minutes old.',
  );
}

function mismatch(): DeviceRefusal {
  return new DeviceRefusal('signature', 'The signature does not match the request and the key.');
}

export function unpaired(): DeviceRefusal {
  return new DeviceRefusal('unpaired', 'This device is not paired, or not any more.');
}

function unknownDevice(): DeviceRefusal {
  return new DeviceRefusal('unknown_device', 'The user has no such device.');
}
