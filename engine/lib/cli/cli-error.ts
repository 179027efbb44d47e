/** An error whose message is printed on standard error without a stack. */
export class CliError extends Error {
  /** 1 for a command that failed, 2 for a command line that is invalid. */
  readonly exitCode: 1 | 2;

  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}
