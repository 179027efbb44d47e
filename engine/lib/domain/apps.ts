import { DIGITS, randomText } from '../crypto/random.js';
import type { Data } from '../data/data.js';
import type { AppRecord } from '../data/ports/apps.js';
import { makeKeyPair, makeSecret } from './credentials.js';
import { invalid, isRefused, type Refusal } from './refusals.js';
import { hasControlCharacters, hasOnly } from './text.js';

const MAX_TEXT_LENGTH = 100;
const MAX_URL_LENGTH = 2000;
const TEXT_RULE = `a string of 1 to ${MAX_TEXT_LENGTH} characters without control characters`;
const OPTION_NAMES = ['name', 'callbackUrl', 'organization', 'strictStamps'] as const;

/** The options of {@link Engine.createApp}. */
export interface AppOptions {
  /** The name that devices show to users: 1 to 100 characters. */
  name: string;
  /**
   * The http or https URL that receives events, of at most 2000 characters. Default: none, the
   * application polls.
   */
  callbackUrl?: string;
  /**
   * The organization of the application: 1 to 100 characters. The applications of one organization see
   * the same user under one `organization_user`. Default: none.
   */
  organization?: string;
  /**
   * Refuses stamps that are more than two minutes ahead of the engine's clock. By default the engine
   * accepts any time ahead, because objects of the SDKs for Python, Ruby and C run ahead without a bound; a
   * captured envelope can then be used for longer. Default: false.
   */
  strictStamps?: boolean;
}

/**
 * The credentials of a new application. They have the names of the strategy's options. The engine keeps
 * no copy of either secret.
 */
export interface AppCredentials {
  /** Ten digits. */
  appKey: string;
  secretKey: string;
  /** PEM, PKCS#1, which also the oldest SDKs read. */
  privateKey: string;
  /** PEM, SubjectPublicKeyInfo. */
  publicKey: string;
}

/** An application without its secrets, as {@link Engine.apps} returns it. */
export interface AppInfo {
  /** Ten digits. */
  appKey: string;
  name: string;
  callbackUrl?: string;
  organization?: string;
  /** Whether stamps may be at most two minutes ahead. */
  strictStamps: boolean;
  /** Whether all calls of the application are refused. */
  disabled: boolean;
  createdAt: Date;
}

export class Apps {
  private readonly data: Data;
  private readonly clock: () => number;

  constructor(data: Data, clock: () => number) {
    this.data = data;
    this.clock = clock;
  }

  async create(options: AppOptions): Promise<AppCredentials | Refusal<'invalid'>> {
    const read = readAppOptions(options);
    if (isRefused(read)) return read;
    const { name, callbackUrl, organization, strictStamps } = read;
    const { privateKey, publicKey } = await makeKeyPair();
    const { secretKey, secretHash } = await makeSecret();
    const app: AppRecord = {
      appKey: '',
      name,
      secretHash,
      publicKey,
      callbackUrl,
      organization,
      strictStamps,
      disabled: false,
      createdAt: this.clock(),
    };
    do {
      // No leading zero, because many clients store the key as a number.
      app.appKey = randomText(1, DIGITS.slice(1)) + randomText(9, DIGITS);
    } while (!(await this.data.apps.insert({ ...app })));
    return { appKey: app.appKey, secretKey, privateKey, publicKey };
  }

  async list(): Promise<AppInfo[]> {
    return (await this.data.apps.list()).map((app) => ({
      appKey: app.appKey,
      name: app.name,
      callbackUrl: app.callbackUrl,
      organization: app.organization,
      strictStamps: app.strictStamps ?? false,
      disabled: app.disabled,
      createdAt: new Date(app.createdAt),
    }));
  }

  async get(appKey: string): Promise<AppRecord | undefined> {
    return await this.data.apps.get(appKey);
  }

  /** Returns `false` if the application does not exist. */
  async setDisabled(appKey: string, disabled: boolean): Promise<boolean> {
    return await this.data.apps.setDisabled(appKey, disabled);
  }
}

/** Checks the options of a new application. */
export function readAppOptions(options: AppOptions): AppOptions | Refusal<'invalid'> {
  // A mistyped `callbackURL` would make an application that receives no events.
  if (!hasOnly(options, OPTION_NAMES)) {
    return invalid('options', `an object with the members ${OPTION_NAMES.join(', ')}`);
  }
  const { name, callbackUrl, organization, strictStamps } = options;
  if (!isText(name)) return invalid('name', TEXT_RULE);
  if (organization !== undefined && !isText(organization))
    return invalid('organization', TEXT_RULE);
  if (strictStamps !== undefined && typeof strictStamps !== 'boolean') {
    return invalid('strictStamps', 'true or false');
  }
  const url = callbackUrl === undefined ? undefined : readCallbackUrl(callbackUrl);
  if (callbackUrl !== undefined && url === undefined) {
    return invalid(
      'callbackUrl',
      `an absolute http or https URL of at most ${MAX_URL_LENGTH} characters, without credentials and fragment`,
    );
  }
  return { name, callbackUrl: url, organization, strictStamps: strictStamps || undefined };
}

function isText(value: unknown): value is string {
  const fits = typeof value === 'string' && value.trim() !== '' && value.length <= MAX_TEXT_LENGTH;
  return fits && !hasControlCharacters(value);
}

function readCallbackUrl(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > MAX_URL_LENGTH || !URL.canParse(value)) {
    return undefined;
  }
  const { href, protocol, username, password, hash } = new URL(value);
  const isBare = !username && !password && !hash;
  return isBare && /^https?:$/.test(protocol) ? href : undefined;
}
