import { command } from './control.js';
import { print } from './output.js';

interface Options {
  socket: string;
  json?: boolean;
}

export async function userCreate(name: string, { socket, json }: Options): Promise<void> {
  const user = await command(socket, 'createUser', name);
  print(json, user, [`user ${user.username} created, with a virtual device`]);
}

export async function userList({ socket, json }: Options): Promise<void> {
  const users = await command(socket, 'users');
  const lines = users.map((user) => [user.username, deviceText(user)].join('\t'));
  print(json, users, lines);
}

function deviceText({ hasDevice, devices }: { hasDevice: boolean; devices: number }): string {
  if (devices > 0) return devices === 1 ? '1 device' : `${devices} devices`;
  return hasDevice ? 'virtual device' : 'no device';
}
