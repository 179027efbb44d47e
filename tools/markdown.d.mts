/** Where the generated API reference lies, from the root. */
export declare const API_REFERENCE: string;

/** A fenced code block. */
export interface CodeBlock {
  /** The first word after the fence; `''` where there is none. */
  language: string;
  code: string;
  /** The line of the file at which the code begins. */
  line: number;
}

/** A link, or the address of a picture. */
export interface Link {
  to: string;
  line: number;
}

export interface MarkdownDocument {
  /** The anchors of the headings, as GitHub makes them. */
  anchors: Set<string>;
  links: Link[];
  blocks: CodeBlock[];
}

/** All Markdown files that git keeps, or would keep, as paths from the root. */
export declare function markdownFiles(): string[];
/** Reads one file of the repository, by its path from the root. */
export declare function readDocument(file: string): MarkdownDocument;
/** Reads the headings, links and code blocks of a text. */
export declare function readMarkdown(text: string): MarkdownDocument;
/**
 * What is wrong with the links of a file, one text each. `read` returns the file of a path, or
 * `undefined` where there is none; files that are not Markdown have no anchors.
 */
export declare function linkFaults(
  file: string,
  read: (path: string) => MarkdownDocument | undefined,
): string[];
