const endings: (() => unknown)[] = [];

/**
 * Calls `end` when the last test of the running file has finished. Modules of this folder stay loaded
 * from file to file, so that an `afterAll` of their own would run for the first file alone.
 */
export function onFileFinished(end: () => unknown): void {
  endings.push(end);
}

/** Called after the last test of each file. */
export async function endFile(): Promise<void> {
  for (const end of endings.splice(0).reverse()) await end();
}
