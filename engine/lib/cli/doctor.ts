import { CliError } from './cli-error.js';
import { command } from './control-client.js';
import { type Connection, print } from './output.js';

/** Prints what keeps the engine from working well. Exits with 1 if a check fails. */
export async function doctor({ socket, json }: Connection): Promise<void> {
  const findings = await command(socket, 'doctor');
  const lines = findings.flatMap(({ check, result, message, advice }) => [
    `${result.padEnd(4)}  ${check}: ${message}`,
    ...(advice === undefined ? [] : [`      ${advice}`]),
  ]);
  print(json, findings, lines);
  const failed = findings.filter(({ result }) => result === 'fail').length;
  if (failed > 0) throw new CliError(`${failed} of ${findings.length} checks failed.`);
}
