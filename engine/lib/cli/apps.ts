import { writeFile } from 'node:fs/promises';
import type { AppCredentials } from '../domain/apps.js';
import { command } from './control.js';
import { CliFault } from './fault.js';
import { print } from './output.js';

interface CreateOptions {
  socket: string;
  json?: boolean;
  callbackUrl?: string;
  organization?: string;
  privateKey?: string;
}

export async function appCreate(name: string, options: CreateOptions): Promise<void> {
  const { socket, json, callbackUrl, organization, privateKey: file } = options;
  // The file first: credentials that could not be saved would be lost.
  if (file !== undefined) await writePrivate(file, '');
  const app = await command(socket, 'createApp', { name, callbackUrl, organization });
  if (file === undefined) return print(json, app, credentialLines(app));
  await writeFile(file, app.privateKey);
  const { privateKey: _inFile, ...rest } = app;
  print(json, { ...rest, privateKeyFile: file }, credentialLines(app, file));
}

export async function appList({ socket, json }: CreateOptions): Promise<void> {
  const apps = await command(socket, 'apps');
  const lines = apps.map(({ appKey, name, callbackUrl = '-', disabled }) =>
    [appKey, name, callbackUrl, ...(disabled ? ['disabled'] : [])].join('\t'),
  );
  print(json, apps, lines);
}

/** The credentials of a new application for people to read. */
export function credentialLines(app: AppCredentials, privateKeyFile?: string): string[] {
  return [
    `application  ${app.name}`,
    `app key      ${app.appKey}`,
    `secret key   ${app.secretKey}`,
    ...(app.callbackUrl ? [`callback     ${app.callbackUrl}`] : []),
    ...(privateKeyFile ? [`private key  ${privateKeyFile}`] : [app.privateKey]),
  ];
}

/** Makes a new file that only its owner can read; one that exists is never overwritten. */
async function writePrivate(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    throw new CliFault(`Cannot make the file ${file}: ${(error as NodeJS.ErrnoException).code}.`);
  }
}
