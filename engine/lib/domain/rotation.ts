import type { Data } from '../data/data.js';
import { LaunchKeyEngineError } from '../errors.js';
import { type AppCredentials, unknownApp } from './apps.js';
import type { Audit } from './audit.js';
import { makeKeyPair, makeSecret } from './credentials.js';
import type { Signals } from './signals.js';

/** For as long as credentials that were replaced can go on at most. */
const LONGEST_GRACE = 7 * 24 * 3_600_000;

/** Which credentials of an application are made anew, and what becomes of those that it had. */
export interface RotateOptions {
  /** Only one of the two. Default: both. */
  only?: 'secretKey' | 'privateKey';
  /**
   * For how many milliseconds the application can go on with what it had, at most seven days.
   * Default: 0: it is refused from now on.
   */
  grace?: number;
}

/** The credentials that were made, shown only here, and until when the ones before are good. */
export type RotatedCredentials = Pick<AppCredentials, 'appKey'> &
  Partial<AppCredentials> & { previousUntil?: Date };

/** New credentials for an application. */
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

  async rotate(appKey: string, options: RotateOptions = {}): Promise<RotatedCredentials> {
    const { data, audit, signals, clock } = this.with;
    const { only, grace } = readOptions(options);
    if (!(await data.apps.get(appKey))) throw unknownApp(appKey);
    const secret = only === 'privateKey' ? undefined : await makeSecret();
    const keys = only === 'secretKey' ? undefined : await makeKeyPair();
    const next = {
      ...(secret && { secretHash: secret.secretHash }),
      ...(keys && { publicKey: keys.publicKey }),
    };
    const until = grace > 0 ? clock() + grace : undefined;
    if (!(await data.apps.replaceCredentials(appKey, next, until))) throw unknownApp(appKey);
    await audit.write('app.rotated', { appKey }, { credentials: only ?? 'both', grace });
    // Whoever holds a poll by the credentials before has to come again, and is refused then.
    signals.publish('any');
    return {
      appKey,
      ...(secret && { secretKey: secret.secretKey }),
      ...keys,
      ...(until !== undefined && { previousUntil: new Date(until) }),
    };
  }
}

/** A mistyped `only` must not replace what was to stay. */
function readOptions(options: RotateOptions): { only: RotateOptions['only']; grace: number } {
  const known = ['only', 'grace'];
  const fits = typeof options === 'object' && options !== null;
  if (!fits || !Object.keys(options).every((name) => known.includes(name))) {
    throw invalid(`A rotation takes the options ${known.join(' and ')}.`);
  }
  const { only, grace = 0 } = options;
  if (only !== undefined && only !== 'secretKey' && only !== 'privateKey') {
    throw invalid('only must be "secretKey" or "privateKey"; without it, both are made anew.');
  }
  if (Number.isSafeInteger(grace) && grace >= 0 && grace <= LONGEST_GRACE) return { only, grace };
  throw invalid(
    `grace must be whole milliseconds from 0 to ${LONGEST_GRACE} (seven days), not ${grace}.`,
  );
}

function invalid(message: string): LaunchKeyEngineError {
  return new LaunchKeyEngineError('ENGINE_INVALID_OPTION', message);
}
