import { readFileSync, writeFileSync } from 'node:fs';

const START = '<!-- bench:start -->';
const END = '<!-- bench:end -->';

/** Puts the text between the two marks of a file. */
export function write(file: string, text: string): void {
  const old = readFileSync(file, 'utf8');
  const start = old.indexOf(START);
  const end = old.indexOf(END);
  if (start < 0 || end < start) throw new Error(`${file} has no ${START} and ${END}.`);
  const before = old.slice(0, start + START.length);
  writeFileSync(file, `${before}\n${text}\n${old.slice(end)}`);
}
