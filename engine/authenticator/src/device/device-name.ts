import { t } from '../texts/index.js';

const SYSTEMS: readonly [RegExp, string][] = [
  [/iPhone/, 'iPhone'],
  [/iPad/, 'iPad'],
  [/Android/, 'Android'],
  [/CrOS/, 'ChromeOS'],
  [/Windows/, 'Windows'],
  [/Macintosh/, 'Mac'],
  [/Linux/, 'Linux'],
];
const BROWSERS: readonly [RegExp, string][] = [
  [/Edg(e|A|iOS)?\//, 'Edge'],
  [/Firefox|FxiOS/, 'Firefox'],
  [/Chrom(e|ium)|CriOS/, 'Chrome'],
  [/Safari/, 'Safari'],
];

/** A name to begin with, for the user to change. */
export function guessName(userAgent: string): string {
  const find = (among: readonly [RegExp, string][]) =>
    among.find(([pattern]) => pattern.test(userAgent))?.[1];
  const system = find(SYSTEMS);
  if (!system) return '';
  if (system === 'iPhone' || system === 'iPad') return system;
  if (system === 'Android') return `Android ${t.namePhone}`;
  return t.nameBrowser(find(BROWSERS) ?? 'Browser', system);
}
