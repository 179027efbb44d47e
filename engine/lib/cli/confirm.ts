import { CliError } from './cli-error.js';

/** Destructive commands require `--yes`, which scripts can pass too. */
export function confirm(yes: boolean | undefined, what: string): void {
  if (yes) return;
  throw new CliError(`This command permanently deletes ${what}. Add --yes to confirm.`, 2);
}
