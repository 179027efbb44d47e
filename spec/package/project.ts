import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FIXTURES = fileURLToPath(new URL('./fixtures/', import.meta.url));
const COMPILER = dirname(createRequire(import.meta.url).resolve('typescript/package.json'));

/** An empty project outside of this repository, where packages are installed and used. */
export class Project {
  readonly folder = mkdtempSync(join(tmpdir(), 'passport-launchkey-'));

  constructor() {
    this.write('package.json', JSON.stringify({ private: true }));
  }

  write(path: string, content: string): void {
    mkdirSync(dirname(join(this.folder, path)), { recursive: true });
    writeFileSync(join(this.folder, path), content);
  }

  /** Copies a fixture, under another name if one is given. */
  add(fixture: string, name = basename(fixture)): void {
    copyFileSync(join(FIXTURES, fixture), join(this.folder, name));
  }

  /** Runs Node.js on a file of the project and returns what it printed. */
  node(...args: string[]): Promise<string> {
    return new Promise((resolve, reject) => {
      // Not the environment of the tests: their NODE_OPTIONS and the like are not a user's.
      const { PATH, HOME, TMPDIR, SystemRoot } = process.env;
      execFile(
        process.execPath,
        args,
        { cwd: this.folder, env: { PATH, HOME, TMPDIR, SystemRoot, NO_COLOR: '1' } },
        (error, stdout, stderr) => {
          if (error) reject(new Error(`${args.join(' ')} failed:\n${stdout}${stderr}`));
          else resolve(stdout);
        },
      );
    });
  }

  /**
   * Compiles files, libraries' types included.
   *
   * @param compiler - this repository's compiler, or the folder of one installed in the project.
   * @throws Error with the compiler's output if it finds anything.
   */
  async compile(files: string[], options: object, compiler = COMPILER): Promise<void> {
    this.write(
      'tsconfig.json',
      JSON.stringify({
        compilerOptions: {
          target: 'es2022',
          strict: true,
          noEmit: true,
          skipLibCheck: false,
          types: ['node'],
          ...options,
        },
        files,
      }),
    );
    await this.node(join(compiler, 'bin', 'tsc'), '-p', 'tsconfig.json');
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
