import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { program } from '../../engine/lib/cli/program.js';
import { readSettings } from '../../engine/lib/cli/read-settings.js';
import { documentBlocks, type FoundBlock, ROOT } from '../support/code-blocks.js';
import { commandsOf } from '../support/shell-commands.js';

const blocksOf = (language: string) =>
  documentBlocks().filter((block) => block.language === language);

const place = ({ file, line }: FoundBlock) => `${file}:${line}`;

/** What is wrong with the blocks of a language, one text each. */
async function faults(
  language: string,
  check: (block: FoundBlock) => Promise<string[]> | string[],
): Promise<string[]> {
  const found = await Promise.all(
    blocksOf(language).map(async (block) =>
      (await check(block)).map((fault) => `${place(block)}: ${fault}`),
    ),
  );
  return found.flat();
}

type Command = ReturnType<typeof program>;

/** The engine's command line, which only checks its words. */
function checkingCommandLine(): Command {
  const still = (command: Command): Command => {
    command.exitOverride().configureOutput({ writeErr: () => {} });
    if (command.commands.length === 0) command.action(() => {});
    command.commands.forEach(still);
    return command;
  };
  return still(program());
}

async function engineFault(words: string[]): Promise<string | undefined> {
  try {
    await checkingCommandLine().parseAsync(words, { from: 'user' });
    return undefined;
  } catch (error) {
    return `launchkey-engine ${words.join(' ')}: ${(error as Error).message}`;
  }
}

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
/** What npm itself does; `npm NAME` for other names does not exist. */
const NPM_COMMANDS = ['ci', 'install', 'pack', 'publish', 'start', 'test', 'version'];

function npmFault([command = '', ...rest]: string[]): string | undefined {
  if (command === 'run') {
    const [script = ''] = rest;
    const [, folder] = / --workspace (\S+)/.exec(` ${rest.join(' ')}`) ?? [];
    const { scripts } = folder
      ? JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'))
      : manifest;
    return script in scripts ? undefined : `there is no script ${script}`;
  }
  if (!NPM_COMMANDS.includes(command)) return `npm has no command ${command}`;
  if (command !== 'install') return undefined;
  const unknown = rest.filter((word) => !word.startsWith('-') && !isPackage(word));
  return unknown.length === 0 ? undefined : `unknown packages ${unknown.join(', ')}`;
}

/** A package that this repository makes or has installed itself, or a tarball. */
function isPackage(word: string): boolean {
  return /\.tgz$/.test(word) || `node_modules/${word}` in lock.packages;
}

/** Programs that a reader has, and what this test knows of them. */
const PROGRAMS: Record<
  string,
  (words: string[]) => Promise<string | undefined> | undefined | string
> = {
  npm: npmFault,
  npx: ([name = '', ...words]) => {
    if (name === 'launchkey-engine') return engineFault(words);
    return isPackage(name) ? undefined : `unknown package ${name}`;
  },
  'launchkey-engine': engineFault,
  node: () => undefined,
  curl: () => undefined,
  git: () => undefined,
  openssl: () => undefined,
  sqlite3: () => undefined,
  ssh: () => undefined,
  podman: () => undefined,
  pg_dump: () => undefined,
  psql: () => undefined,
};

/** For those who work on the code: here stand diagrams and texts of the wire, without a language. */
const WITH_DIAGRAMS = ['ARCHITECTURE.md', 'engine/DEVICE-PROTOCOL.md'];

describe('the blocks of the documents', () => {
  it('are in a language that is checked', () => {
    const checked = ['ts', 'js', 'sh', 'json', 'css', 'nginx'];
    const others = documentBlocks().filter(
      ({ file, language }) => !checked.includes(language) && !WITH_DIAGRAMS.includes(file),
    );
    expect(others.map((block) => `${place(block)}: ${block.language}`)).toEqual([]);
  });

  it('call programs, scripts and options that exist, in the shell', async () => {
    expect(blocksOf('sh').length).toBeGreaterThan(5);
    const found = await faults('sh', async ({ code }) => {
      const commands = await commandsOf(code, Object.keys(PROGRAMS));
      const each = commands.map(async ([name = '', ...words]) => {
        const known = PROGRAMS[name];
        return known ? await known(words) : `unknown program ${name}`;
      });
      return (await Promise.all(each)).filter((fault) => fault !== undefined);
    });
    expect(found).toEqual([]);
  });

  it('are JSON where they say so, and settings where they are those of the engine', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'settings-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const found = await faults('json', async ({ file, line, code }) => {
      JSON.parse(code);
      if (file !== 'docs/operating.md') return [];
      const path = join(folder, `${line}.json`);
      writeFileSync(path, code);
      return readSettings({ config: path }, {}).then(
        () => [],
        (error) => [error.message],
      );
    });
    expect(found).toEqual([]);
    expect(blocksOf('json').filter(({ file }) => file === 'docs/operating.md')).not.toEqual([]);
  });

  it('set custom properties that the waiting page reads, in CSS', async () => {
    const styles = readFileSync(join(ROOT, 'lib/web/waiting/styles.ts'), 'utf8');
    const found = await faults('css', ({ code }) =>
      [...code.matchAll(/(--[\w-]+):/g)]
        .filter(([, property]) => !styles.includes(`var(${property}`))
        .map(([, property]) => `${property} is not read`),
    );
    expect(found).toEqual([]);
    expect(blocksOf('css')).not.toEqual([]);
  });

  it('end each directive and close each block, in the configuration of nginx', async () => {
    const found = await faults('nginx', ({ code }) => {
      const lines = code.split('\n').map((line) => line.replace(/#.*/, '').trim());
      const open = lines.filter((line) => line.endsWith('{')).length;
      const closed = lines.filter((line) => line === '}').length;
      return [
        ...lines.filter((line) => !/^$|[{;]$|^\}$/.test(line)).map((line) => `${line} has no end`),
        ...(open === closed ? [] : ['braces do not match']),
      ];
    });
    expect(found).toEqual([]);
    expect(blocksOf('nginx')).not.toEqual([]);
  });
});

describe('the check of commands', () => {
  it('reads the words as the shell does, and runs nothing', async () => {
    const code = `cd engine && A=1 npx launchkey-engine app create "My shop" \\
      --private-key private.key   # a comment
      openssl rand -base64 32 > key`;
    expect(await commandsOf(code, Object.keys(PROGRAMS))).toEqual([
      ['npx', 'launchkey-engine', 'app', 'create', 'My shop', '--private-key', 'private.key'],
      ['openssl', 'rand', '-base64', '32'],
    ]);
  });

  it('rejects what is no shell', async () => {
    await expect(commandsOf('npm ci && (', ['npm'])).rejects.toThrow('syntax error');
  });

  it('reports commands, options and scripts that do not exist', async () => {
    expect(await engineFault(['user', 'remove', 'bob'])).toContain('unknown command');
    expect(await engineFault(['user', 'delete', 'bob', '--now'])).toContain(
      "unknown option '--now'",
    );
    expect(await engineFault(['user', 'delete'])).toContain("missing required argument 'name'");
    expect(npmFault(['run', 'nothing'])).toBe('there is no script nothing');
    expect(npmFault(['install', 'passport-lanchkey'])).toBe('unknown packages passport-lanchkey');
  });
});
