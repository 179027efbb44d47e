import { type FileHandle, open, rm } from 'node:fs/promises';
import { CliError } from './cli-error.js';

/** A new file that only its owner can read. An existing file is never overwritten. */
export class PrivateFile {
  private readonly path: string;
  private readonly handle: FileHandle;
  private written = false;

  private constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.handle = handle;
  }

  static async create(path: string): Promise<PrivateFile> {
    try {
      return new PrivateFile(path, await open(path, 'wx', 0o600));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new CliError(
        code === 'EEXIST'
          ? `The file ${path} exists and is not overwritten. Choose another path.`
          : `Cannot create the file ${path}: ${code}.`,
      );
    }
  }

  async write(text: string): Promise<void> {
    await this.handle.writeFile(text);
    this.written = true;
  }

  /** Removes the file if nothing was written, so that the command can be run again. */
  async close(): Promise<void> {
    await this.handle.close();
    if (!this.written) await rm(this.path);
  }
}
