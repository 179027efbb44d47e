/** The root of this repository. */
export declare const root: string;
/** Each package's folder, by name. */
export declare const packages: Record<PackageName, string>;
export type PackageName = 'passport-launchkey' | 'launchkey-engine';
/** Runs npm in a folder and returns what it printed. */
export declare function npm(args: string[], cwd: string): string;
/** Packs what is built already into the folder `destination`. */
export declare function pack(
  destination: string,
): Record<PackageName, { tarball: string; files: string[]; size: number }>;
