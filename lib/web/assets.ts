import { createHash } from 'node:crypto';

/** A file of a page. It is part of the program, so it cannot be missing. */
export interface Asset {
  type: string;
  content: string;
  version: string;
}

/** The version of an asset is this many characters of its hash. */
const VERSION_LENGTH = 16;

const TYPES: Record<string, string> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
};

/** The script and the style sheet of a page, by their names. */
export class Assets {
  private readonly assets: ReadonlyMap<string, Asset>;

  constructor(contents: Record<string, string>) {
    this.assets = new Map(
      Object.entries(contents).map(([name, content]) => [name, asset(name, content)]),
    );
  }

  /**
   * Returns the URL of an asset, relative to the page. It has the page's own path, so it fits
   * wherever the middleware is mounted.
   */
  url(name: string): string {
    return `?asset=${name}&v=${this.assets.get(name)?.version}`;
  }

  /** Finds the asset of a URL: `…?asset=waiting.js`, or `…/waiting.js`. */
  find({ pathname, searchParams }: URL): Asset | undefined {
    const name = searchParams.get('asset') ?? pathname.slice(pathname.lastIndexOf('/') + 1);
    return this.assets.get(name);
  }
}

function asset(name: string, content: string): Asset {
  const version = createHash('sha256').update(content).digest('base64url').slice(0, VERSION_LENGTH);
  const type = TYPES[name.slice(name.lastIndexOf('.') + 1)] ?? 'application/octet-stream';
  return { type, content, version };
}
