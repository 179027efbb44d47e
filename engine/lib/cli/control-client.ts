import { dirname } from 'node:path';
import { CliError } from './cli-error.js';
import type { CommandName, CommandResult } from './commands.js';
import { checkLength, checkOwner, send } from './control-socket.js';

/** Sends one command to the engine that listens at `path`. Throws a {@link CliError} if it fails. */
export async function command<Name extends CommandName>(
  path: string,
  name: Name,
  ...args: unknown[]
): Promise<CommandResult<Name>> {
  checkLength(path);
  await checkOwner(dirname(path));
  await checkOwner(path);
  const text = await send(path, JSON.stringify({ name, args })).catch((error) => {
    throw new CliError(
      `No engine is running at ${path} (${error.code ?? error.message}). Start one with "launchkey-engine start", or name the socket of a running engine with --socket.`,
    );
  });
  const { result, error } = JSON.parse(text);
  if (error) throw new CliError(error.message);
  return result;
}
