import { createHash } from 'node:crypto';
import { SCRIPT } from './script.js';
import { STYLES } from './styles.js';

/** A file of the page. It is part of the program, so it cannot be missing. */
export interface Asset {
  type: string;
  content: string;
  version: string;
}

/** The version of an asset is this many characters of its hash. */
const VERSION_LENGTH = 16;

const ASSETS: Record<string, Asset> = {
  'waiting.js': asset('text/javascript; charset=utf-8', SCRIPT),
  'waiting.css': asset('text/css; charset=utf-8', STYLES),
};

/**
 * Returns the URL of an asset, relative to the page. It has the page's own path, so it fits
 * wherever the middleware is mounted.
 */
export function assetUrl(name: string): string {
  return `?asset=${name}&v=${ASSETS[name]?.version}`;
}

/** Finds the asset of a URL: `…?asset=waiting.js`, or `…/waiting.js`. */
export function findAsset({ pathname, searchParams }: URL): Asset | undefined {
  const name = searchParams.get('asset') ?? pathname.slice(pathname.lastIndexOf('/') + 1);
  return Object.hasOwn(ASSETS, name) ? ASSETS[name] : undefined;
}

function asset(type: string, content: string): Asset {
  const version = createHash('sha256').update(content).digest('base64url').slice(0, VERSION_LENGTH);
  return { type, content, version };
}
