/** The options of every command that is sent to a running engine. */
export interface Connection {
  socket: string;
  json?: boolean;
}

/** Prints the value as JSON with `--json`, and else the lines. Errors go to standard error. */
export function print(json: boolean | undefined, value: unknown, lines: string[]): void {
  process.stdout.write(
    json ? `${JSON.stringify(value, undefined, 2)}\n` : lines.map(line).join(''),
  );
}

/** Formats a time to the minute. Times arrive from the socket as JSON strings. */
export function time(date: Date): string {
  return `${new Date(date).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

function line(text: string): string {
  return `${text.endsWith('\n') ? text.slice(0, -1) : text}\n`;
}
