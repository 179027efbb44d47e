/** An error of the data that the engine finds by itself, with a code as databases have. */
export class DataFault extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'DataFault';
    this.code = code;
  }
}

/** What an error code says of the data, in words that name no address and no file. */
const REASONS: readonly [RegExp, string][] = [
  [/^(SQLITE_FULL|53100|ENOSPC|EDQUOT)/, 'the disk is full'],
  [/^(SQLITE_READONLY|25006|EROFS|EACCES|EPERM)/, 'the data is read-only'],
  [/^DATA_FILE_GONE/, 'the data file was moved or deleted'],
  [/^DATA_TIMEOUT/, 'the data does not answer'],
  [/^NOTIFY_LOST/, 'the database delivers no notifications'],
  [/^SQLITE_(IOERR|CORRUPT|NOTADB|CANTOPEN)/, 'the data file cannot be read'],
  [/^(57P|08|ECONN|ETIMEDOUT|EPIPE|ENOENT|ENOTFOUND|EAI_|EHOST)/, 'the database cannot be reached'],
];

/** Whether an error of this code says that the data as a whole cannot be used. */
export function isOutage(code: string): boolean {
  return REASONS.some(([pattern]) => pattern.test(code));
}

export function reasonOf(code: string | undefined): string {
  const known = REASONS.find(([pattern]) => code !== undefined && pattern.test(code));
  return known?.[1] ?? 'the data cannot be used';
}
