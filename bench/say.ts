/** Progress, beside the report. */
export function say(what: string): void {
  process.stderr.write(`bench: ${what}\n`);
}
