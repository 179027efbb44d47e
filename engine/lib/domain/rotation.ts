import type { Data } from '../data/data.js';
import type { AppCredentials } from './apps.js';
import type { Audit } from './audit.js';
import { makeKeyPair, makeSecret } from './credentials.js';
import { invalid, isRefused, type Refusal } from './refusals.js';
import type { Signals } from './signals.js';
import { hasOnly } from './text.js';

/** Longest time that replaced credentials stay valid: seven days. */
const MAX_GRACE_MS = 7 * 24 * 3_600_000;
const OPTION_NAMES = ['only', 'grace'] as const;

/** The options of {@link Engine.rotateApp}. */
export interface RotateOptions {
  /** Makes a new secret key only, or a new key pair only. Default: both. */
  only?: 'secretKey' | 'privateKey';
  /**
   * How long the credentials before stay valid, in milliseconds, at most seven days. Default: 0, they
   * are refused at once.
   */
  grace?: number;
}

/**
 * New credentials of an application: the members that were made. `previousUntil` says until when the
 * credentials before are valid.
 */
export type RotatedCredentials = Pick<AppCredentials, 'appKey'> &
  Partial<AppCredentials> & { previousUntil?: Date };

/** Makes new credentials for an application. */
export class Rotation {
  private readonly with: {
    data: Data;
    audit: Audit;
    signals: Signals;
    clock: () => number;
  };

  constructor(dependencies: Rotation['with']) {
    this.with = dependencies;
  }

  async rotate(
    appKey: string,
    options: RotateOptions = {},
  ): Promise<RotatedCredentials | Refusal<'invalid' | 'unknown_app'>> {
    const { data, audit, signals, clock } = this.with;
    const read = readOptions(options);
    if (isRefused(read)) return read;
    const { only, grace } = read;
    if (!(await data.apps.get(appKey))) return { refused: 'unknown_app', appKey };
    const secret = only === 'privateKey' ? undefined : await makeSecret();
    const keys = only === 'secretKey' ? undefined : await makeKeyPair();
    const next = {
      ...(secret && { secretHash: secret.secretHash }),
      ...(keys && { publicKey: keys.publicKey }),
    };
    const until = grace > 0 ? clock() + grace : undefined;
    if (!(await data.apps.replaceCredentials(appKey, next, until))) {
      return { refused: 'unknown_app', appKey };
    }
    await audit.write('app.rotated', { appKey }, { credentials: only ?? 'both', grace });
    // Releases the polls that are held by the credentials before: their clients poll again.
    signals.publish('any');
    return {
      appKey,
      ...(secret && { secretKey: secret.secretKey }),
      ...keys,
      ...(until !== undefined && { previousUntil: new Date(until) }),
    };
  }
}

function readOptions(
  options: RotateOptions,
): { only: RotateOptions['only']; grace: number } | Refusal<'invalid'> {
  // A mistyped `only` would replace both credentials.
  if (!hasOnly(options, OPTION_NAMES)) {
    return invalid('options', `an object with the members ${OPTION_NAMES.join(', ')}`);
  }
  const { only, grace = 0 } = options;
  if (only !== undefined && only !== 'secretKey' && only !== 'privateKey') {
    return invalid('only', '"secretKey" or "privateKey", or omitted for both');
  }
  if (Number.isSafeInteger(grace) && grace >= 0 && grace <= MAX_GRACE_MS) return { only, grace };
  return invalid('grace', `a whole number of milliseconds from 0 to ${MAX_GRACE_MS} (seven days)`);
}
