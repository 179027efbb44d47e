import { LETTERS_AND_DIGITS, randomText } from '../crypto/random.js';
import type { Data } from '../data/data.js';
import type { AppRecord } from '../data/ports/apps.js';
import type { IdentityKind } from '../data/ports/identities.js';
import type { Recipient, UserName, UserRecord } from '../data/ports/users.js';
import { invalid, type Refusal } from './refusals.js';
import { hasControlCharacters, hasInvisibleCharacters } from './text.js';

/** The characters that the hosted API refused in a user name. */
const FORBIDDEN = /[><)(@:;&]/;
const MAX_NAME_LENGTH = 200;

/** Letters and digits for 256 bits. */
const IDENTITY_LENGTH = 43;
const IDENTITY = new RegExp(`^[A-Za-z0-9]{${IDENTITY_LENGTH}}$`);

/** The rules for names, as they complete the sentence "The name must be …". */
export const NAME_RULE = `1 to ${MAX_NAME_LENGTH} characters, without > < ) ( @ : ; & and without control or invisible characters`;

/** People type a blank after their name, and systems compose letters with accents in two ways. */
function normalizeName(name: string): string {
  return name.normalize('NFC').trim();
}

/** The name as it was given, which an older user may have, and then its normal form. */
function spellings(name: string): Set<string> {
  return new Set([name, normalizeName(name)]);
}

/** Returns the refusal of a name that breaks the rules. */
export function refuseName(
  given: string,
  member: 'username' | 'identifier' = 'username',
): Refusal<'invalid_name'> | undefined {
  const refuse = (problem: Refusal<'invalid_name'>['problem']) =>
    ({ refused: 'invalid_name', member, problem }) as const;
  const name = normalizeName(given);
  if (name === '') return refuse('missing');
  if (name.length > MAX_NAME_LENGTH) return refuse('too_long');
  return FORBIDDEN.test(name) || hasControlCharacters(name) ? refuse('characters') : undefined;
}

/** Returns the refusal of a name that a new user cannot have. Older users keep theirs. */
function refuseNewName(
  name: string,
  member: 'username' | 'identifier' = 'username',
): Refusal<'invalid_name'> | undefined {
  const refusal = refuseName(name, member);
  if (refusal || !hasInvisibleCharacters(normalizeName(name))) return refusal;
  return { refused: 'invalid_name', member, problem: 'characters' };
}

/** A user, as {@link Engine.users} returns it. */
export interface UserInfo {
  username: string;
  /** Whether the user has a device that can be asked, paired or virtual. */
  hasDevice: boolean;
  /** Number of paired devices. */
  devices: number;
  /** When the user was created, in engine time. */
  createdAt: Date;
  /** Since when the user is suspended, in engine time; `undefined` for a user who can log in. */
  suspendedAt?: Date;
}

export interface UserDependencies {
  data: Data;
  clock: () => number;
  /** Maximum number of white label users of one application. */
  whiteLabelLimit: number;
  /** Whether virtual devices count as devices. */
  virtualDevices: boolean;
}

export class Users {
  private readonly data: Data;
  private readonly clock: () => number;
  private readonly whiteLabelLimit: number;
  private readonly virtualDevices: boolean;

  constructor({ data, clock, whiteLabelLimit, virtualDevices }: UserDependencies) {
    this.data = data;
    this.clock = clock;
    this.whiteLabelLimit = whiteLabelLimit;
    this.virtualDevices = virtualDevices;
  }

  /** @param withDevice - whether the user has a virtual device. Default: where they are on. */
  async create(
    username: string,
    withDevice = this.virtualDevices,
  ): Promise<
    UserRecord | Refusal<'invalid' | 'invalid_name' | 'user_exists' | 'virtual_devices_off'>
  > {
    if (typeof username !== 'string') return invalid('username', 'a string');
    if (withDevice && !this.virtualDevices) return { refused: 'virtual_devices_off' };
    const refusal = refuseNewName(username);
    if (refusal) return refusal;
    const user = this.make(normalizeName(username), withDevice);
    if ((await this.insert(user)) === 'inserted') return user;
    const similar = (await this.byName(username)) === undefined;
    return { refused: 'user_exists', username, similar };
  }

  /** Returns the application's white label user of this identifier, and creates it on the first call. */
  async whiteLabel(
    app: AppRecord,
    identifier: string,
  ): Promise<UserRecord | Refusal<'invalid_name' | 'unknown_app' | 'too_many_users'>> {
    const existing = await this.whiteLabelUser(app, identifier);
    if (existing) return existing;
    const refusal = refuseNewName(identifier, 'identifier');
    if (refusal) return refusal;
    const username = whiteLabelName(app.appKey, normalizeName(identifier));
    const user = { ...this.make(username, false), whiteLabelOf: app.appKey };
    const inserted = await this.insert(user);
    if (inserted === 'inserted') return user;
    const known = inserted === 'taken' ? await this.byName(username) : undefined;
    if (known) return known;
    return inserted === 'full'
      ? { refused: 'too_many_users' }
      : { refused: 'unknown_app', appKey: app.appKey };
  }

  /** Returns the application's white label user of this identifier. */
  async whiteLabelUser({ appKey }: AppRecord, identifier: string): Promise<UserRecord | undefined> {
    return await this.firstOf([...spellings(identifier)].map((one) => whiteLabelName(appKey, one)));
  }

  async byName(username: string): Promise<UserRecord | undefined> {
    return await this.firstOf(spellings(username));
  }

  private async firstOf(usernames: Iterable<string>): Promise<UserRecord | undefined> {
    for (const name of usernames) {
      const user = await this.data.users.byName(name);
      if (user) return user;
    }
    return undefined;
  }

  /**
   * Finds the user that an application names: its own white label user, the user of a push ID or user
   * hash that the application received, or a user by name. Names of the application's own come first.
   * A user hash that another application received names no user.
   */
  async find(app: AppRecord, name: string): Promise<Recipient | undefined> {
    return await this.data.users.recipient(this.namesOf(app, name));
  }

  /**
   * Returns the user who was found, or instead of a white label user who has no device yet an older
   * user of the same name.
   */
  async preferOlder(found: Recipient, name: string): Promise<Recipient> {
    const { user, devices } = found;
    if (user.whiteLabelOf === undefined || this.hasDevice(user, devices.length)) return found;
    const hidden = await this.data.users.recipient([...spellings(name)].map(usernameOf));
    return hidden && hidden.user.createdAt < user.createdAt ? hidden : found;
  }

  /** Whether a device of the user can be asked, one of the paired ones or the virtual one. */
  hasDevice(user: UserRecord, pairedDevices: number): boolean {
    return pairedDevices > 0 || (this.virtualDevices && user.deviceId !== undefined);
  }

  /** The names that the application may mean by this one, in order of precedence. */
  namesOf(app: Pick<AppRecord, 'appKey'>, name: string): UserName[] {
    return [...spellings(name)].flatMap((spelling) => namesOf(app, spelling));
  }

  /** Returns the user's random name in one sector, so that two sectors cannot compare their users. */
  async identity(kind: IdentityKind, user: string, sector: string): Promise<string> {
    return await this.data.identities.ensure(
      kind,
      user,
      sector,
      randomText(IDENTITY_LENGTH, LETTERS_AND_DIGITS),
    );
  }

  async show(user: UserRecord): Promise<UserInfo> {
    const devices = (await this.data.devices.list(user.id)).length;
    return this.info(user, devices);
  }

  async list(): Promise<UserInfo[]> {
    const counts = new Map(
      (await this.data.devices.counts()).map(({ userId, devices }) => [userId, devices]),
    );
    return (await this.data.users.list()).map((user) => this.info(user, counts.get(user.id) ?? 0));
  }

  private info(user: UserRecord, devices: number): UserInfo {
    return {
      username: user.username,
      hasDevice: this.hasDevice(user, devices),
      devices,
      createdAt: new Date(user.createdAt),
      ...(user.suspendedAt !== undefined && { suspendedAt: new Date(user.suspendedAt) }),
    };
  }

  private insert(user: UserRecord) {
    return this.data.users.insert(user, this.whiteLabelLimit);
  }

  private make(username: string, withDevice: boolean): UserRecord {
    const deviceId = withDevice ? newDeviceId() : undefined;
    return { id: randomText(20, LETTERS_AND_DIGITS), username, deviceId, createdAt: this.clock() };
  }
}

function usernameOf(username: string): UserName {
  return { username };
}

export function newDeviceId(): string {
  return randomText(16, LETTERS_AND_DIGITS);
}

/** The names that an application may mean by this one, in order of precedence. */
function namesOf({ appKey }: Pick<AppRecord, 'appKey'>, name: string): UserName[] {
  const identities: UserName[] = IDENTITY.test(name)
    ? [
        { kind: 'push', sector: appKey, value: name },
        { kind: 'hash', sector: appKey, value: name },
      ]
    : [];
  return [{ username: whiteLabelName(appKey, name) }, ...identities, { username: name }];
}

function whiteLabelName(appKey: string, identifier: string): string {
  return `${identifier}@${appKey}`;
}
