import type { CommandResult } from './commands.js';
import { confirm } from './confirm.js';
import { command } from './control-client.js';
import { type Connection, print } from './output.js';

/** Entries of the audit trail in one command to the engine. */
const PAGE = 1000;

interface CreateOptions extends Connection {
  device: boolean;
}

export async function userCreate(
  name: string,
  { socket, json, device }: CreateOptions,
): Promise<void> {
  const user = await command(socket, 'createUser', name, device ? {} : { device });
  print(json, user, [
    `user ${user.username} created, with ${user.hasDevice ? 'a virtual' : 'no'} device`,
  ]);
}

export async function userList({ socket, json }: Connection): Promise<void> {
  const users = await command(socket, 'users');
  const lines = users.map((user) =>
    [user.username, deviceText(user), ...(user.suspendedAt ? ['suspended'] : [])].join('\t'),
  );
  print(json, users, lines);
}

export async function userDelete(
  name: string,
  { socket, json, yes }: Connection & { yes?: boolean },
): Promise<void> {
  confirm(yes, `the user ${name} with all devices and sessions`);
  await command(socket, 'deleteUser', name);
  print(json, { username: name, deleted: true }, [`user ${name} deleted`]);
}

/** Prints all that the engine keeps about a user, as JSON. */
export async function userExport(name: string, { socket }: Connection): Promise<void> {
  const kept = await command(socket, 'exportUser', name);
  const audit: CommandResult<'audit'> = [];
  for (let after = '0', more = true; more; after = audit.at(-1)?.cursor ?? after) {
    const page = await command(socket, 'audit', { username: name, after, limit: PAGE });
    audit.push(...page);
    more = page.length === PAGE;
  }
  print(true, { ...kept, audit }, []);
}

/** Ends the sessions of a user with one application, or with all. */
export async function userDeorbit(
  username: string,
  { socket, json, app }: Connection & { app?: string },
): Promise<void> {
  const ended = await command(socket, 'deorbit', username, ...(app === undefined ? [] : [app]));
  const texts = [`no open session of ${username}`, `1 session of ${username} ended`];
  print(json, { username, ended }, [texts[ended] ?? `${ended} sessions of ${username} ended`]);
}

export async function userSuspend(username: string, { socket, json }: Connection): Promise<void> {
  await command(socket, 'suspendUser', username);
  print(json, { username, suspended: true }, [`user ${username} suspended, all sessions ended`]);
}

/** Ends a suspension and the pause that followed a report of fraud. */
export async function userResume(username: string, { socket, json }: Connection): Promise<void> {
  await command(socket, 'resumeUser', username);
  await command(socket, 'endPause', username);
  print(json, { username }, [`requests to ${username} are allowed again`]);
}

function deviceText({ hasDevice, devices }: { hasDevice: boolean; devices: number }): string {
  if (devices > 0) return devices === 1 ? '1 device' : `${devices} devices`;
  return hasDevice ? 'virtual device' : 'no device';
}
