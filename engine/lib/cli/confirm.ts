import { CliFault } from './fault.js';

/** What cannot be undone wants to be said twice, in a way that a script can say it too. */
export function confirm(yes: boolean | undefined, what: string): void {
  if (yes) return;
  throw new CliFault(`This deletes ${what} for good. If that is meant, say so with --yes.`, 2);
}
