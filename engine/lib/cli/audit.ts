import { CliError } from './cli-error.js';
import { command } from './control-client.js';
import { type Connection, print } from './output.js';

interface AuditOptions extends Connection {
  user?: string;
  limit: string;
}

export async function audit({ socket, json, user, limit }: AuditOptions): Promise<void> {
  if (!/^[1-9]\d{0,3}$/.test(limit)) {
    throw new CliError(`--limit must be a number from 1 to 9999, not ${JSON.stringify(limit)}.`, 2);
  }
  const entries = await command(socket, 'audit', { username: user, limit: Number(limit) });
  const lines = entries.map(({ at, kind, username = '-', appKey = '-', deviceId = '-', details }) =>
    [new Date(at).toISOString(), kind, username, appKey, deviceId, JSON.stringify(details)].join(
      '\t',
    ),
  );
  print(json, entries, lines);
}
