import { open, readFile } from 'node:fs/promises';

/** What must not be found, or must be, by its name for the report. */
export type Wanted = Record<string, Buffer>;

/** No more than this of a mapping is read at once. */
const PIECE = 1 << 24;

/** The names of those that are there, in any of the forms in which programs keep bytes and texts. */
export class Search {
  private readonly forms: { name: string; form: Buffer }[];
  private readonly longest: number;
  readonly found = new Set<string>();

  constructor(wanted: Wanted) {
    this.forms = Object.entries(wanted).flatMap(([name, bytes]) =>
      formsOf(bytes).map((form) => ({ name, form })),
    );
    this.longest = Math.max(...this.forms.map(({ form }) => form.length));
  }

  look(bytes: Buffer): this {
    for (const { name, form } of this.forms) {
      if (!this.found.has(name) && bytes.includes(form)) this.found.add(name);
    }
    return this;
  }

  /** Looks at all that a process can write to: heap, stacks, buffers, on Linux. */
  async lookAtMemory(pid: number): Promise<this> {
    const maps = await readFile(`/proc/${pid}/maps`, 'latin1');
    const memory = await open(`/proc/${pid}/mem`);
    try {
      for (const [, from = '', to = ''] of maps.matchAll(/^(\w+)-(\w+) rw/gm)) {
        const end = Number.parseInt(to, 16);
        for (let start = Number.parseInt(from, 16); start < end; start += PIECE) {
          const length = Math.min(end - start, PIECE + this.longest);
          const buffer = Buffer.allocUnsafe(length);
          // What was unmapped meanwhile is no memory of the process any more.
          const read = await memory.read(buffer, 0, length, start).catch(() => undefined);
          if (read) this.look(buffer.subarray(0, read.bytesRead));
          buffer.fill(0);
        }
      }
    } finally {
      await memory.close();
    }
    return this;
  }
}

/**
 * As they are, in hex, and in base64 at each of the three places in a group at which they can begin;
 * texts also as UTF-16, as V8 keeps some.
 */
export function formsOf(bytes: Buffer): Buffer[] {
  const hex = bytes.toString('hex');
  const base64 = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    // Without the characters that hold bits of what is before or behind.
    return text.slice(before === 0 ? 0 : before + 1, Math.floor(((before + bytes.length) * 8) / 6));
  });
  const base64url = base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'));
  const texts = new Set([
    bytes.toString('latin1'),
    hex,
    hex.toUpperCase(),
    ...base64,
    ...base64url,
  ]);
  return [...texts].flatMap((text) => [Buffer.from(text, 'latin1'), Buffer.from(text, 'utf16le')]);
}
