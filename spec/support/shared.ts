import { join } from 'node:path';
import { inject } from 'vitest';
import type { SharedName } from './shared-server.js';

declare module 'vitest' {
  interface ProvidedContext {
    sharedUrl: string;
    /** The folder to which programs write their coverage, if it is measured. */
    programCoverage: string | undefined;
  }
}

const known = new Map<SharedName, Promise<string>>();

/** What all tests of the run share, started by the first that asks for it. */
export async function shared(name: SharedName): Promise<string> {
  const value = known.get(name) ?? ask(name);
  known.set(name, value);
  return await value;
}

/** The file by which Node.js runs one of the programs of build-programs.ts. */
export async function programPath(name: string): Promise<string> {
  return join(await shared('programs'), `${name}.mjs`);
}

async function ask(name: SharedName): Promise<string> {
  const response = await fetch(`${inject('sharedUrl')}/${name}`);
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return text;
}
