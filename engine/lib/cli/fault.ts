/** A mistake to be told on standard error, without a stack. */
export class CliFault extends Error {
  /** 1 for what failed, 2 for a command that was not understood. */
  readonly exitCode: 1 | 2;

  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}
