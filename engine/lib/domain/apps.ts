import { DIGITS, randomText } from '../crypto/random.js';
import type { Data } from '../data/data.js';
import type { AppRecord } from '../data/ports/apps.js';
import { LaunchKeyEngineError } from '../errors.js';
import { makeKeyPair, makeSecret } from './credentials.js';
import { hasControlCharacters } from './text.js';

/** What an application is made of. */
export interface AppOptions {
  /** Shown to users on their devices; 1 to 100 characters. */
  name: string;
  /** Where events are sent: http or https. None means that the application polls. */
  callbackUrl?: string;
  /** Applications of one organization see the same user under one `organization_user`. */
  organization?: string;
  /**
   * Refuses stamps that are more than two minutes ahead of the engine's clock. Without it, any time
   * ahead is taken, since objects of the SDKs for Python, Ruby and C run ahead without a bound; a
   * captured envelope can then be used for longer. Default: false.
   */
  strictStamps?: boolean;
}

/**
 * The credentials of a new application, and nothing else, so that they can be handed on as they are.
 * The engine keeps no copy of either secret.
 */
export interface AppCredentials {
  /** Ten digits. */
  appKey: string;
  secretKey: string;
  /** PEM, PKCS#1, which even the oldest SDK reads. */
  privateKey: string;
  /** PEM, SubjectPublicKeyInfo. */
  publicKey: string;
}

/** An application as it may be shown. */
export interface AppInfo {
  appKey: string;
  name: string;
  callbackUrl?: string;
  organization?: string;
  /** Whether stamps may be two minutes ahead only. */
  strictStamps: boolean;
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

  async create(options: AppOptions): Promise<AppCredentials> {
    const { name, callbackUrl, organization, strictStamps } = readAppOptions(options);
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
      // No leading zero, since many clients keep the key as a number.
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

  async require(appKey: string): Promise<AppRecord> {
    const app = await this.data.apps.get(appKey);
    if (!app) throw unknownApp(appKey);
    return app;
  }

  async setDisabled(appKey: string, disabled: boolean): Promise<void> {
    if (!(await this.data.apps.setDisabled(appKey, disabled))) throw unknownApp(appKey);
  }
}

export function unknownApp(appKey: string): LaunchKeyEngineError {
  return new LaunchKeyEngineError(
    'ENGINE_UNKNOWN_APP',
    `There is no application with the app key ${JSON.stringify(appKey)}.`,
  );
}

/** What an application can be made of, in one form; throws where it cannot. */
export function readAppOptions(options: AppOptions): AppOptions {
  checkNames(options);
  const { name, callbackUrl, organization, strictStamps } = options;
  return {
    name: readText(name, 'name'),
    callbackUrl: readCallbackUrl(callbackUrl),
    organization: organization === undefined ? undefined : readText(organization, 'organization'),
    strictStamps: readStrictStamps(strictStamps),
  };
}

/** A mistyped `callbackURL` must not make an application that is told nothing. */
function checkNames(options: unknown): void {
  const known = ['name', 'callbackUrl', 'organization', 'strictStamps'];
  const fits = typeof options === 'object' && options !== null;
  if (fits && Object.keys(options).every((name) => known.includes(name))) return;
  throw new LaunchKeyEngineError(
    'ENGINE_INVALID_OPTION',
    `An application is made of ${known.join(', ')}.`,
  );
}

function readText(value: unknown, option: string): string {
  const fits = typeof value === 'string' && value.trim() !== '' && value.length <= 100;
  if (fits && !hasControlCharacters(value)) return value;
  throw new LaunchKeyEngineError(
    'ENGINE_INVALID_OPTION',
    `The application's ${option} must be a text of 1 to 100 characters, none of them a control character.`,
  );
}

function readStrictStamps(value: unknown): boolean | undefined {
  if (value === undefined || typeof value === 'boolean') return value || undefined;
  throw new LaunchKeyEngineError('ENGINE_INVALID_OPTION', 'strictStamps must be true or false.');
}

function readCallbackUrl(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && value.length <= 2000 && URL.canParse(value)) {
    const url = new URL(value);
    const bare = !url.username && !url.password && !url.hash;
    if (bare && /^https?:$/.test(url.protocol)) return url.href;
  }
  throw new LaunchKeyEngineError(
    'ENGINE_INVALID_OPTION',
    'callbackUrl must be an absolute http or https URL without credentials or fragment, at most 2000 characters.',
  );
}
