import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import * as engine from 'launchkey-engine';
import * as library from 'passport-launchkey';
import * as redis from 'passport-launchkey/redis';
import * as contract from 'passport-launchkey/store-contract';
import { describe, expect, it } from 'vitest';
import { docCommentBefore, ROOT, sourceFiles } from '../support/code-blocks.js';

/** What each entry of the packages exports, types aside, by the names in the manifests. */
const ENTRIES: Record<string, Record<string, unknown>> = {
  'passport-launchkey': library,
  'passport-launchkey/redis': redis,
  'passport-launchkey/store-contract': contract,
  'launchkey-engine': engine,
};

const sources = sourceFiles().map((file) => readFileSync(join(ROOT, file), 'utf8'));

/** Whether one of these sources has the declaration, with an example in its doc comment. */
function hasExample(declaration: RegExp, among = sources): boolean {
  return among.some((source) => /^@example\b/m.test(docCommentBefore(source, declaration) ?? ''));
}

/** The errors of one family are handled alike: the example of the base class shows how. */
const isErrorOfAFamily = (value: unknown) =>
  typeof value === 'function' && value.prototype instanceof library.LaunchKeyError;

/** The names that an entry exports; an alias counts under the name of the declaration. */
function names(exported: Record<string, unknown>): string[] {
  return Object.entries(exported)
    .filter(([name, value]) => name !== 'default' && !isErrorOfAFamily(value))
    .filter(([name, value]) => typeof value !== 'function' || value.name === name)
    .map(([name]) => name);
}

const sourceOf = (type: { name: string }) =>
  sources.find((text) => text.includes(`export class ${type.name} `)) ?? '';

/** Called by Passport, by `JSON.stringify` and by `new`, and not by applications. */
const NOT_FOR_APPLICATIONS = ['authenticate', 'toJSON', 'constructor'];

function publicMethods(type: { name: string; prototype: object }): string[] {
  const source = sourceOf(type);
  return Object.getOwnPropertyNames(type.prototype).filter((name) => {
    const declared = new RegExp(`^(async )?${name}[(<]`, 'm');
    const comment = docCommentBefore(source, declared);
    const isPrivate = new RegExp(`^ {2}private (async )?${name}[(<]`, 'm').test(source);
    return !isPrivate && !NOT_FOR_APPLICATIONS.includes(name) && !comment?.includes('@internal');
  });
}

describe('the public entry points', () => {
  it('are those that the manifests name', () => {
    const manifests = ['package.json', 'engine/package.json'].map((path) =>
      JSON.parse(readFileSync(join(ROOT, path), 'utf8')),
    );
    const named = manifests.flatMap(({ name, exports }) =>
      Object.keys(exports)
        .filter((path) => path !== './package.json')
        .map((path) => posix.join(name, path)),
    );
    expect(named.toSorted()).toEqual(Object.keys(ENTRIES).toSorted());
  });

  it.each(
    Object.entries(ENTRIES).flatMap(([entry, exported]) =>
      names(exported).map((name) => [entry, name] as const),
    ),
  )('%s: %s has an example', (_entry, name) => {
    const declaration = new RegExp(
      `^export (abstract )?(async )?(class|function|const) ${name}\\b`,
    );
    expect(hasExample(declaration)).toBe(true);
  });

  it.each(
    [library.LaunchKeyStrategy, library.LaunchKeyClient].flatMap((type) =>
      publicMethods(type).map((name) => [type.name, name, sourceOf(type)] as const),
    ),
  )('%s.%s() has an example', (_type, name, source) => {
    expect(hasExample(new RegExp(`^(async )?${name}[(<]`), [source])).toBe(true);
  });
});
