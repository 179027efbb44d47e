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
  const lines = users.map(({ username, hasDevice }) =>
    [username, hasDevice ? 'virtual device' : 'no device'].join('\t'),
  );
  print(json, users, lines);
}
