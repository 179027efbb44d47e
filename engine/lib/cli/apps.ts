import { type FileHandle, open, rm } from 'node:fs/promises';
import type { AppCredentials, AppOptions } from '../domain/apps.js';
import type { RotatedCredentials } from '../domain/rotation.js';
import { confirm } from './confirm.js';
import { command } from './control.js';
import { CliFault } from './fault.js';
import { type Connection, print, time } from './output.js';

interface CreateOptions extends Connection {
  callbackUrl?: string;
  organization?: string;
  strictStamps?: boolean;
  privateKey?: string;
}

/** What was asked for and what came of it: what the commands print of a new application. */
export type CreatedApp = AppOptions & AppCredentials;

export async function appCreate(name: string, options: CreateOptions): Promise<void> {
  const { socket, json, callbackUrl, organization, strictStamps, privateKey: path } = options;
  const wanted: AppOptions = { name, callbackUrl, organization, strictStamps };
  // The file first: credentials that could not be saved would be lost.
  const file = path === undefined ? undefined : await PrivateFile.make(path);
  try {
    const app = { ...wanted, ...(await command(socket, 'createApp', wanted)) };
    if (!file) return print(json, app, credentialLines(app));
    await file.write(app.privateKey);
    const { privateKey: _inFile, ...rest } = app;
    print(json, { ...rest, privateKeyFile: path }, credentialLines(app, path));
  } finally {
    await file?.close();
  }
}

export async function appList({ socket, json }: Connection): Promise<void> {
  const apps = await command(socket, 'apps');
  const lines = apps.map(({ appKey, name, callbackUrl = '-', strictStamps, disabled }) => {
    const marks = [...(strictStamps ? ['strict stamps'] : []), ...(disabled ? ['disabled'] : [])];
    return [appKey, name, callbackUrl, ...marks].join('\t');
  });
  print(json, apps, lines);
}

interface RotateAppOptions extends Connection {
  only?: 'secret-key' | 'private-key';
  grace: string;
  privateKey?: string;
}

const ONLY = { 'secret-key': 'secretKey', 'private-key': 'privateKey' } as const;

export async function appRotate(appKey: string, options: RotateAppOptions): Promise<void> {
  const { socket, json, only, privateKey: path } = options;
  const grace = readGrace(options.grace);
  if (path !== undefined && only === 'secret-key') {
    throw new CliFault('--private-key names a file for a key that --only secret-key leaves.', 2);
  }
  const file = path === undefined ? undefined : await PrivateFile.make(path);
  try {
    const wanted = { only: only && ONLY[only], grace };
    const made = await command(socket, 'rotateApp', appKey, wanted);
    if (!file) return print(json, made, rotatedLines(made));
    await file.write(made.privateKey ?? '');
    const { privateKey: _inFile, ...rest } = made;
    print(json, { ...rest, privateKeyFile: path }, rotatedLines(made, path));
  } finally {
    await file?.close();
  }
}

export async function appDelete(
  appKey: string,
  { socket, json, yes }: Connection & { yes?: boolean },
): Promise<void> {
  confirm(yes, `the application ${appKey}, its sessions and its white label users`);
  await command(socket, 'deleteApp', appKey);
  print(json, { appKey, deleted: true }, [`application ${appKey} is deleted`]);
}

/** In minutes, since nobody changes an application's settings in less. */
function readGrace(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 10_080) return Number(text) * 60_000;
  throw new CliFault(
    `--grace must be minutes from 0 to 10080 (seven days), not ${JSON.stringify(text)}.`,
    2,
  );
}

function rotatedLines(made: RotatedCredentials, privateKeyFile?: string): string[] {
  const { appKey, secretKey, privateKey, previousUntil } = made;
  return [
    `app key      ${appKey}`,
    ...(secretKey ? [`secret key   ${secretKey}`] : []),
    ...(privateKeyFile ? [`private key  ${privateKeyFile}`] : privateKey ? [privateKey] : []),
    previousUntil
      ? `What it had before is good until ${time(previousUntil)}.`
      : 'What it had before is refused from now on.',
  ];
}

/** The credentials of a new application for people to read. */
export function credentialLines(app: CreatedApp, privateKeyFile?: string): string[] {
  return [
    `application  ${app.name}`,
    `app key      ${app.appKey}`,
    `secret key   ${app.secretKey}`,
    ...(app.callbackUrl ? [`callback     ${app.callbackUrl}`] : []),
    ...(privateKeyFile ? [`private key  ${privateKeyFile}`] : [app.privateKey]),
  ];
}

/** A new file that only its owner can read; one that exists is never overwritten. */
class PrivateFile {
  private readonly path: string;
  private readonly handle: FileHandle;
  private written = false;

  private constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.handle = handle;
  }

  static async make(path: string): Promise<PrivateFile> {
    try {
      return new PrivateFile(path, await open(path, 'wx', 0o600));
    } catch (error) {
      throw new CliFault(`Cannot make the file ${path}: ${(error as NodeJS.ErrnoException).code}.`);
    }
  }

  async write(text: string): Promise<void> {
    await this.handle.writeFile(text);
    this.written = true;
  }

  /** Leaves no empty file behind, which would stand in the way of the next try. */
  async close(): Promise<void> {
    await this.handle.close();
    if (!this.written) await rm(this.path);
  }
}
