import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

/**
 * The socket on which a running engine takes commands, unless `--socket` names another one: in the
 * user's run-time directory, or else in a directory of the user below the temporary directory.
 */
export function defaultSocket(): string {
  const { LAUNCHKEY_ENGINE_SOCKET, XDG_RUNTIME_DIR } = process.env;
  if (LAUNCHKEY_ENGINE_SOCKET) return LAUNCHKEY_ENGINE_SOCKET;
  const directory = XDG_RUNTIME_DIR || join(tmpdir(), `launchkey-engine-${userInfo().uid}`);
  return join(directory, 'launchkey-engine.sock');
}
