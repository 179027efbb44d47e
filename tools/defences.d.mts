/** A change of the sources that takes a defence out. */
export interface Edit {
  file: string;
  /** The text of the defence, which occurs once in the file. */
  source: string;
  replacement: string;
}

/** A defence, and the test that fails without it. */
export interface Defence {
  /** The row of SECURITY.md that it belongs to: the text of its first column. */
  row: string;
  /** What is taken out. */
  without: string;
  edits: Edit[];
  spec: string;
  /** Part of the names of the tests that must fail. */
  test: string;
}

export declare const defences: Defence[];
