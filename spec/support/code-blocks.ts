import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import type { CodeBlock } from '../../tools/markdown.mjs';
import { API_REFERENCE, markdownFiles, readDocument, readMarkdown } from '../../tools/markdown.mjs';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COMPILER = join(
  dirname(createRequire(import.meta.url).resolve('typescript/package.json')),
  'bin/tsc',
);
/** What the blocks may use without declaring it. */
const NAMES = fileURLToPath(new URL('../documents/names.ts', import.meta.url));

/** A code block and the file that it stands in. */
export interface FoundBlock extends CodeBlock {
  file: string;
}

/** The code blocks of all documents but the generated reference, whose sources are read instead. */
export function documentBlocks(): FoundBlock[] {
  return markdownFiles()
    .filter((file) => !file.startsWith(`${API_REFERENCE}/`))
    .flatMap((file) => readDocument(file).blocks.map((block) => ({ ...block, file })));
}

/** The code blocks of all doc comments of both packages. */
export function commentBlocks(): FoundBlock[] {
  return sourceFiles().flatMap((file) =>
    docComments(readFileSync(join(ROOT, file), 'utf8')).flatMap(({ text, line }) =>
      readMarkdown(text).blocks.map((block) => ({ ...block, file, line: block.line + line - 1 })),
    ),
  );
}

/** The sources of both packages, as paths from the root. */
export function sourceFiles(): string[] {
  return ['lib', 'engine/lib'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
      .map((name) => `${folder}/${name.replaceAll('\\', '/')}`),
  );
}

interface DocComment {
  /** Without the stars. */
  text: string;
  /** The line on which it begins. */
  line: number;
}

const DOC_COMMENT = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\//g;

function docComments(source: string): DocComment[] {
  return [...source.matchAll(DOC_COMMENT)].map(({ 1: comment = '', index }) => ({
    text: comment.replaceAll(/^[ \t]*\* ?/gm, ''),
    line: source.slice(0, index).split('\n').length,
  }));
}

/**
 * The doc comment in front of a declaration, with the stars taken off.
 *
 * @param declaration - the pattern of the declaration, which begins after the comment.
 */
export function docCommentBefore(source: string, declaration: RegExp): string | undefined {
  for (const { 0: whole, 1: comment = '', index } of source.matchAll(DOC_COMMENT)) {
    const rest = source.slice(index + whole.length).trimStart();
    if (declaration.exec(rest)?.index === 0) return comment.replaceAll(/^[ \t]*\* ?/gm, '');
  }
  return undefined;
}

/**
 * Type-checks blocks of one language with the compiler of this repository, each as a module of its
 * own.
 *
 * @returns what the compiler finds, one text each, by the lines of the documents.
 */
export async function typeFaults(
  blocks: readonly FoundBlock[],
  language: 'ts' | 'js',
): Promise<string[]> {
  // In the repository, so that imports find what is installed; git ignores it.
  mkdirSync(join(ROOT, 'tmp'), { recursive: true });
  const folder = mkdtempSync(join(ROOT, 'tmp/blocks-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const names = blocks.map((block, index) => {
    const name = `block-${index}.${language}`;
    // Without import or export it would share its names with all the others.
    writeFileSync(join(folder, name), `${block.code}\nexport {};\n`);
    return name;
  });
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      extends: relative(folder, join(ROOT, 'tsconfig.json')),
      compilerOptions: {
        noUnusedLocals: false,
        noUnusedParameters: false,
        experimentalDecorators: true,
        ...(language === 'js' && { allowJs: true, checkJs: true, noImplicitAny: false }),
      },
      files: [relative(folder, NAMES), ...names],
      include: [],
      exclude: [],
    }),
  );
  const printed = await promisify(execFile)(
    process.execPath,
    [COMPILER, '-p', folder, '--pretty', 'false'],
    { cwd: folder, maxBuffer: 16 * 1024 ** 2 },
  ).then(
    ({ stdout }) => stdout,
    ({ stdout }: { stdout: string }) => stdout,
  );
  return printed
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => atItsDocument(line, blocks));
}

/** `block-3.ts(2,5): error …` with the file and line of the document in place of the block's. */
function atItsDocument(printed: string, blocks: readonly FoundBlock[]): string {
  const [, index, line, rest] = /^block-(\d+)\.\w+\((\d+),\d+\): (.*)$/.exec(printed) ?? [];
  const block = index === undefined ? undefined : blocks[Number(index)];
  return block ? `${block.file}:${block.line + Number(line) - 1}: ${rest}` : printed;
}
