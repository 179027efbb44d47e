import { LETTERS_AND_DIGITS, randomText } from '../crypto/random.js';
import type { Data } from '../data/data.js';
import type { AppRecord } from '../data/ports/apps.js';
import type { IdentityKind } from '../data/ports/identities.js';
import type { UserRecord } from '../data/ports/users.js';
import { LaunchKeyEngineError } from '../errors.js';
import { Reason, Refusal } from './refusal.js';
import { hasControlCharacters } from './text.js';

/** The characters that the hosted API refused in a user name. */
const FORBIDDEN = /[><)(@:;&]/;
const LONGEST = 200;

/** As many letters and digits as have 256 bits. */
const IDENTITY_LENGTH = 43;
const IDENTITY = new RegExp(`^[A-Za-z0-9]{${IDENTITY_LENGTH}}$`);

/** Says what is wrong with a user name, or `undefined` if nothing is. */
export function nameFault(name: string): string | undefined {
  if (name === '') return 'A user name is needed.';
  if (name.length > LONGEST) return `A user name has at most ${LONGEST} characters.`;
  if (FORBIDDEN.test(name)) {
    return 'Invalid character used. These are not allowed: > < ) ( @ : ; &';
  }
  if (hasControlCharacters(name)) return 'Invalid character used: a control character.';
  return undefined;
}

/** A user as an operator sees one. */
export interface UserInfo {
  username: string;
  /** Whether there is a device that can be asked, paired or virtual. */
  hasDevice: boolean;
  /** How many devices are paired. */
  devices: number;
  createdAt: Date;
}

export class Users {
  private readonly data: Data;
  private readonly clock: () => number;
  private readonly whiteLabelLimit: number;

  constructor(data: Data, clock: () => number, whiteLabelLimit: number) {
    this.data = data;
    this.clock = clock;
    this.whiteLabelLimit = whiteLabelLimit;
  }

  async create(username: string, withDevice: boolean): Promise<UserRecord> {
    const fault = typeof username === 'string' ? nameFault(username) : 'A user name is a text.';
    if (fault) throw new LaunchKeyEngineError('ENGINE_INVALID_OPTION', fault);
    const user = this.make(username, withDevice);
    if ((await this.insert(user)) !== 'inserted') {
      throw new LaunchKeyEngineError(
        'ENGINE_USER_EXISTS',
        `There is a user called ${JSON.stringify(username)} already.`,
      );
    }
    return user;
  }

  /** The application's white label user of that identifier, made on the first call. */
  async whiteLabel(app: AppRecord, identifier: string): Promise<UserRecord> {
    const username = whiteLabelName(app.appKey, identifier);
    const user = { ...this.make(username, false), whiteLabelOf: app.appKey };
    const inserted = await this.insert(user);
    if (inserted === 'inserted') return user;
    if (inserted === 'taken') return await this.require(username);
    if (inserted === 'gone') {
      throw new Refusal(Reason.unknownApp, 'There is no application with this app_key.');
    }
    throw new Refusal(Reason.tooMany, 'This application has as many users as it can have.');
  }

  async require(username: string): Promise<UserRecord> {
    const user = await this.data.users.byName(username);
    if (user) return user;
    throw unknownUser(username);
  }

  /**
   * Whom an application means: its own white label user, the user behind a push ID or user hash that
   * it was given, or a user by name, in this order, since the first ones are names of the
   * application's own. A hash that another application was given is nobody's name.
   */
  async resolve(app: AppRecord, name: string): Promise<UserRecord | undefined> {
    const { data } = this;
    return (
      (await data.users.byName(whiteLabelName(app.appKey, name))) ??
      (await this.byIdentity(app, name)) ??
      (await data.users.byName(name))
    );
  }

  private async byIdentity({ appKey }: AppRecord, name: string): Promise<UserRecord | undefined> {
    if (!IDENTITY.test(name)) return undefined;
    return (
      (await this.data.identities.findUser('push', appKey, name)) ??
      (await this.data.identities.findUser('hash', appKey, name))
    );
  }

  /** The user's name in one place; random, so that places cannot compare what they know. */
  async identity(kind: IdentityKind, user: string, place: string): Promise<string> {
    return await this.data.identities.ensure(
      kind,
      user,
      place,
      randomText(IDENTITY_LENGTH, LETTERS_AND_DIGITS),
    );
  }

  async list(): Promise<UserInfo[]> {
    const counts = new Map(
      (await this.data.devices.counts()).map(({ userId, devices }) => [userId, devices]),
    );
    return (await this.data.users.list()).map((user) => {
      const devices = counts.get(user.id) ?? 0;
      return {
        username: user.username,
        hasDevice: devices > 0 || user.deviceId !== undefined,
        devices,
        createdAt: new Date(user.createdAt),
      };
    });
  }

  private insert(user: UserRecord) {
    return this.data.users.insert(user, this.whiteLabelLimit);
  }

  private make(username: string, withDevice: boolean): UserRecord {
    const deviceId = withDevice ? newDeviceId() : undefined;
    return { id: randomText(20, LETTERS_AND_DIGITS), username, deviceId, createdAt: this.clock() };
  }
}

export function unknownUser(username: string): LaunchKeyEngineError {
  return new LaunchKeyEngineError(
    'ENGINE_UNKNOWN_USER',
    `There is no user called ${JSON.stringify(username)}.`,
  );
}

export function newDeviceId(): string {
  return randomText(16, LETTERS_AND_DIGITS);
}

function whiteLabelName(appKey: string, identifier: string): string {
  return `${identifier}@${appKey}`;
}
