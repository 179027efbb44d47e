/** How a command reaches the running engine, and for whom it prints. */
export interface Connection {
  socket: string;
  json?: boolean;
}

/** Prints for programs (`--json`) or for people; errors go to standard error elsewhere. */
export function print(json: boolean | undefined, value: unknown, lines: string[]): void {
  process.stdout.write(
    json ? `${JSON.stringify(value, undefined, 2)}\n` : lines.map(line).join(''),
  );
}

/** What came over the socket is JSON, where a time is a text. */
export function time(date: Date): string {
  return `${new Date(date).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

function line(text: string): string {
  return `${text.endsWith('\n') ? text.slice(0, -1) : text}\n`;
}
