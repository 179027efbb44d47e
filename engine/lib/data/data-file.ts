import {
  chmodSync,
  closeSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { resolve } from 'node:path';
import { LaunchKeyEngineError } from '../errors.js';
import type { Logger } from '../observability/logger.js';

/** How the key of a data file is given. */
export interface KeyLocation {
  key?: string | undefined;
  keyFile?: string | undefined;
  logger: Logger;
}

/**
 * Returns the data file itself, which a link may name, and its key. Creates both if neither exists: the
 * data file first and empty, so that a start that is interrupted leaves nothing that a later start
 * refuses.
 */
export function prepareFile(
  given: string,
  location: KeyLocation,
  newKey: () => string,
): { file: string; key: string } {
  // An absolute path, since the driver gives `:memory:` and `file:…` another meaning.
  const named = resolve(given);
  const size = sizeOf(named);
  const isNew = size === undefined || size === 0;
  const { key, keyFile, logger } = location;
  if (key === undefined && keyFile === undefined) {
    return keyBeside(named, isNew, newKey);
  }
  if (isNew)
    logger.warn({ file: named }, 'data file does not exist: the engine starts without data');
  return { file: itself(named), key: key ?? readOrCreate(keyFile as string, named, isNew, newKey) };
}

/** The key in the file beside the data. Both are created together, so that one without the other was lost. */
function keyBeside(named: string, isNew: boolean, newKey: () => string) {
  const path = `${named}.key`;
  const isKeyNew = (sizeOf(path) ?? 0) === 0;
  if (isNew && !isKeyNew && sizeOf(named) === undefined) {
    throw new LaunchKeyEngineError(
      'ENGINE_DATA',
      `Key file ${path} exists, but its data file ${named} is missing. Restore the data file, or mount its volume. To start without data, delete the key file, or name it by keyFile (--key-file).`,
    );
  }
  const file = itself(named);
  return { file, key: readOrCreate(path, named, isNew, newKey) };
}

function readOrCreate(path: string, file: string, isNew: boolean, newKey: () => string): string {
  const size = sizeOf(path);
  if (size !== undefined && !(size === 0 && isNew)) return readKeyFile(path);
  if (!isNew) {
    throw new LaunchKeyEngineError(
      'ENGINE_DATA',
      `Data file ${file} exists, but its key file ${path} is missing. Restore it: no other key can decrypt the data.`,
    );
  }
  return createKeyFile(path, newKey());
}

/** Leaves no file without a key, for example on a full disk. */
function createKeyFile(path: string, key: string): string {
  if (sizeOf(path) === 0) rmSync(path);
  let created = false;
  try {
    closeSync(openSync(path, 'wx', 0o600));
    created = true;
    chmodSync(path, 0o600);
    writeFileSync(path, `${key}\n`, { flush: true });
  } catch (error) {
    if (created) rmSync(path, { force: true });
    throw unusable(path, error);
  }
  return key;
}

export function readKeyFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw unusable(path, error);
  }
}

/**
 * Creates the file if it does not exist, and returns its path without links: the lock of the file and
 * SQLite's log belong to its path, so that two engines could use one file by two names.
 */
function itself(named: string): string {
  let links: number;
  let file: string;
  try {
    closeSync(openSync(named, 'a', 0o600));
    file = realpathSync(named);
    links = statSync(file).nlink;
  } catch (error) {
    throw new LaunchKeyEngineError(
      'ENGINE_DATA',
      `The data file ${named} cannot be opened: ${(error as NodeJS.ErrnoException).code}.`,
      { cause: error },
    );
  }
  if (links === 1) return file;
  throw new LaunchKeyEngineError(
    'ENGINE_DATA',
    `The data file ${file} has ${links} hard links. Another engine could use it by another name: copy it, and use the copy.`,
  );
}

function sizeOf(path: string): number | undefined {
  try {
    return statSync(path).size;
  } catch {
    // A file that cannot be used is reported when it is opened.
    return undefined;
  }
}

function unusable(path: string, error: unknown): LaunchKeyEngineError {
  return new LaunchKeyEngineError(
    'ENGINE_DATA',
    `The key file ${path} cannot be used: ${(error as NodeJS.ErrnoException).code}.`,
    { cause: error },
  );
}
