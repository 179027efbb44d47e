import { confirm } from './confirm.js';
import { command } from './control.js';
import { type Connection, print } from './output.js';

interface CreateOptions extends Connection {
  device: boolean;
}

export async function userCreate(
  name: string,
  { socket, json, device }: CreateOptions,
): Promise<void> {
  const user = await command(socket, 'createUser', name, { device });
  print(json, user, [
    `user ${user.username} created, with ${user.hasDevice ? 'a virtual' : 'no'} device`,
  ]);
}

export async function userDelete(
  name: string,
  { socket, json, yes }: Connection & { yes?: boolean },
): Promise<void> {
  confirm(yes, `the user ${name} with all devices and sessions`);
  await command(socket, 'deleteUser', name);
  print(json, { username: name, deleted: true }, [`user ${name} is deleted`]);
}

/** Logs a user out of one application, or of all. */
export async function userDeorbit(
  username: string,
  { socket, json, app }: Connection & { app?: string },
): Promise<void> {
  const ended = await command(socket, 'deorbit', username, ...(app === undefined ? [] : [app]));
  const said = [`no session of ${username} is open`, `1 session of ${username} is ended`];
  print(json, { username, ended }, [said[ended] ?? `${ended} sessions of ${username} are ended`]);
}

export async function userList({ socket, json }: Connection): Promise<void> {
  const users = await command(socket, 'users');
  const lines = users.map((user) => [user.username, deviceText(user)].join('\t'));
  print(json, users, lines);
}

function deviceText({ hasDevice, devices }: { hasDevice: boolean; devices: number }): string {
  if (devices > 0) return devices === 1 ? '1 device' : `${devices} devices`;
  return hasDevice ? 'virtual device' : 'no device';
}
