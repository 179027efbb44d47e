/** The documents of each package that are packed, by its folder. */
export declare const PACKED_DOCUMENTS: Record<string, string[]>;

/** A release, and how the files of the repository are read. */
export interface Release {
  /** `vX.Y.Z`; both packages must have this version, and the changelog a section of it. */
  tag: string;
  /** `https://HOST/OWNER/NAME`. */
  repository: string | undefined;
  /** Returns the text of a file, by its path from the root. */
  read(path: string): string;
  /** Whether a path from the root is a folder. */
  isFolder(path: string): boolean;
}

/**
 * The files that a release changes before it packs, by their path from the root: the manifests get
 * `repository`, `homepage` and `bugs` and lose their scripts, and relative links become addresses at the tag, so that they
 * and the pictures also resolve where only the package is shown.
 *
 * @throws Error for a repository, version or changelog that does not fit the tag.
 */
export declare function releaseFiles(release: Release): Record<string, string>;
