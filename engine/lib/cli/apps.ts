import type { AppCredentials, AppOptions } from '../domain/apps.js';
import type { RotatedCredentials } from '../domain/rotation.js';
import { CliError } from './cli-error.js';
import { confirm } from './confirm.js';
import { command } from './control-client.js';
import { type Connection, print, time } from './output.js';
import { PrivateFile } from './private-file.js';

interface CreateOptions extends Connection {
  callbackUrl?: string;
  organization?: string;
  strictStamps?: boolean;
  privateKey?: string;
}

/** A new application as the commands print it. */
export type CreatedApp = AppOptions & AppCredentials;

export async function appCreate(name: string, options: CreateOptions): Promise<void> {
  const { socket, json, callbackUrl, organization, strictStamps, privateKey: path } = options;
  const wanted: AppOptions = { name, callbackUrl, organization, strictStamps };
  // The file is created first: credentials that cannot be saved would be lost.
  const file = path === undefined ? undefined : await PrivateFile.create(path);
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
  const grace = readGraceMs(options.grace);
  if (path !== undefined && only === 'secret-key') {
    throw new CliError(
      '--private-key needs a new private key, but --only secret-key makes none. Remove one of them.',
      2,
    );
  }
  const file = path === undefined ? undefined : await PrivateFile.create(path);
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

export async function appDisable(appKey: string, { socket, json }: Connection): Promise<void> {
  await command(socket, 'disableApp', appKey);
  print(json, { appKey, disabled: true }, [`application ${appKey} disabled`]);
}

export async function appEnable(appKey: string, { socket, json }: Connection): Promise<void> {
  await command(socket, 'enableApp', appKey);
  print(json, { appKey, disabled: false }, [`application ${appKey} enabled`]);
}

export async function appDelete(
  appKey: string,
  { socket, json, yes }: Connection & { yes?: boolean },
): Promise<void> {
  confirm(yes, `the application ${appKey}, its sessions and its white label users`);
  await command(socket, 'deleteApp', appKey);
  print(json, { appKey, deleted: true }, [`application ${appKey} deleted`]);
}

/** Reads minutes, returns milliseconds. */
function readGraceMs(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 10_080) return Number(text) * 60_000;
  throw new CliError(
    `--grace must be a number of minutes from 0 to 10080 (seven days), not ${JSON.stringify(text)}.`,
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
      ? `The credentials before are valid until ${time(previousUntil)}.`
      : 'The credentials before are refused from now on.',
  ];
}

/** The lines that show the credentials of a new application. */
export function credentialLines(app: CreatedApp, privateKeyFile?: string): string[] {
  return [
    `application  ${app.name}`,
    `app key      ${app.appKey}`,
    `secret key   ${app.secretKey}`,
    ...(app.callbackUrl ? [`callback     ${app.callbackUrl}`] : []),
    ...(privateKeyFile ? [`private key  ${privateKeyFile}`] : [app.privateKey]),
  ];
}
