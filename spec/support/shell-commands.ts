import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Writes down what bash would run; `cd` leads nowhere. Functions, since bash 3 has no handler. */
const recorder = (programs: readonly string[]) => `
record() { printf '%s\\0' "$@" $'\\n' >&9; }
command_not_found_handle() { record "$@"; }
${programs.map((name) => `${name}() { record ${name} "$@"; }`).join('\n')}
cd() { :; }
PATH=/nonexistent
`;

/**
 * The commands that a shell script would run, each as its words. Bash reads the script, in an empty
 * folder, and finds no program: nothing is run.
 *
 * @param programs - names of programs that the script may call.
 * @throws Error with the message of bash for what it cannot read.
 */
export async function commandsOf(script: string, programs: readonly string[]): Promise<string[][]> {
  const folder = mkdtempSync(join(tmpdir(), 'commands-'));
  try {
    const inside = join(folder, 'inside');
    mkdirSync(inside);
    writeFileSync(join(folder, 'script'), `${recorder(programs)}${script}\n`);
    const bash = ['-c', 'exec 9>../words; . ../script'];
    await promisify(execFile)('bash', ['-n', join(folder, 'script')]);
    await promisify(execFile)('bash', bash, { cwd: inside });
    const words = readFileSync(join(folder, 'words'), 'utf8');
    return words
      .split('\n\0')
      .filter((command) => command !== '')
      .map((command) => command.split('\0').slice(0, -1));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
