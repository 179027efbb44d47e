import { createHash } from 'node:crypto';
import { SCRIPT } from './script.js';
import { STYLES } from './styles.js';

/** A file that the page needs, kept in the program so that it cannot be missing. */
export interface Asset {
  type: string;
  content: string;
  version: string;
}

const ASSETS: Record<string, Asset> = {
  'waiting.js': asset('text/javascript; charset=utf-8', SCRIPT),
  'waiting.css': asset('text/css; charset=utf-8', STYLES),
};

/**
 * The address of an asset, relative to the page: it is the page's own path, whatever that is and
 * however the middleware was mounted.
 */
export function assetUrl(name: string): string {
  return `?asset=${name}&v=${ASSETS[name]?.version}`;
}

/** The asset that an address means: `…?asset=waiting.js`, or `…/waiting.js`. */
export function findAsset({ pathname, searchParams }: URL): Asset | undefined {
  const name = searchParams.get('asset') ?? pathname.slice(pathname.lastIndexOf('/') + 1);
  return Object.hasOwn(ASSETS, name) ? ASSETS[name] : undefined;
}

function asset(type: string, content: string): Asset {
  const version = createHash('sha256').update(content).digest('base64url').slice(0, 16);
  return { type, content, version };
}
