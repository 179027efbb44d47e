import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

/**
 * Where a running engine is reached by the other commands: in the user's own run-time directory if
 * there is one, else in a directory of the user's below the temporary one.
 */
export function defaultSocket(): string {
  const { LAUNCHKEY_ENGINE_SOCKET, XDG_RUNTIME_DIR } = process.env;
  if (LAUNCHKEY_ENGINE_SOCKET) return LAUNCHKEY_ENGINE_SOCKET;
  const directory = XDG_RUNTIME_DIR || join(tmpdir(), `launchkey-engine-${userInfo().uid}`);
  return join(directory, 'launchkey-engine.sock');
}
