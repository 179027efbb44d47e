import { command } from './control.js';
import { CliFault } from './fault.js';
import { type Connection, print } from './output.js';

interface AuditOptions extends Connection {
  user?: string;
  limit: string;
}

export async function audit({ socket, json, user, limit }: AuditOptions): Promise<void> {
  if (!/^[1-9]\d{0,3}$/.test(limit)) {
    throw new CliFault(`--limit must be a number from 1 to 9999, not ${JSON.stringify(limit)}.`, 2);
  }
  const entries = await command(socket, 'audit', { username: user, limit: Number(limit) });
  const lines = entries.map(({ at, kind, username = '-', appKey = '-', deviceId = '-', details }) =>
    [new Date(at).toISOString(), kind, username, appKey, deviceId, JSON.stringify(details)].join(
      '\t',
    ),
  );
  print(json, entries, lines);
}

export async function keyRotate({ socket, json }: Connection): Promise<void> {
  const key = await command(socket, 'rotatePingKey');
  print(json, key, [
    `The engine's key is now ${key.fingerprint}; the one before goes on decrypting for a while.`,
  ]);
}

export async function appDisable(appKey: string, { socket, json }: Connection): Promise<void> {
  await command(socket, 'disableApp', appKey);
  print(json, { appKey, disabled: true }, [`application ${appKey} is disabled`]);
}

export async function appEnable(appKey: string, { socket, json }: Connection): Promise<void> {
  await command(socket, 'enableApp', appKey);
  print(json, { appKey, disabled: false }, [`application ${appKey} is enabled`]);
}

/** Ends the pause that followed a report of fraud. */
export async function userResume(username: string, { socket, json }: Connection): Promise<void> {
  await command(socket, 'endPause', username);
  print(json, { username }, [`${username} can be asked again`]);
}
