import { createRequire } from 'node:module';

/** The version of this package. The path is the same from `lib` and from `dist`. */
export const VERSION = (createRequire(import.meta.url)('../../package.json') as { version: string })
  .version;
