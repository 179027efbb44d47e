import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** What a process does when it is asked to; arguments and results travel as JSON. */
export type Methods<M> = { [Name in keyof M]: (argument: never) => unknown };

interface Question {
  id: number;
  method: string;
  argument: unknown;
}

interface Reply {
  id: number;
  result?: unknown;
  error?: string;
}

interface Asker {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** Answers the questions of the process that started this one, and ends with it. */
export function serve<M extends Methods<M>>(methods: M): void {
  process.on('message', async ({ id, method, argument }: Question) => {
    try {
      const result = await methods[method as keyof M](argument as never);
      process.send?.({ id, result } satisfies Reply);
    } catch (error) {
      process.send?.({ id, error: error instanceof Error ? error.stack : String(error) });
    }
  });
  process.once('disconnect', () => process.exit());
}

export interface ChildOptions {
  /** Flags of Node. */
  flags?: string[];
  /** Variables in addition to those of this process. */
  env?: Record<string, string>;
}

/** A process that measures or is measured: plain JavaScript in plain Node. */
export class Child<M extends Methods<M>> {
  private readonly process: ChildProcess;
  private readonly askers = new Map<number, Asker>();
  private asked = 0;

  constructor(script: string, { flags: own = [], env = {} }: ChildOptions = {}) {
    const file = new URL(`./dist/bench/${script}.js`, import.meta.url);
    const flags = (process.env.BENCH_CHILD_FLAGS ?? '').split(' ').filter(Boolean);
    this.process = fork(file, {
      execArgv: ['--expose-gc', ...flags, ...own],
      env: { ...process.env, ...env },
    });
    this.process.on('message', ({ id, result, error }: Reply) => {
      const asker = this.askers.get(id);
      this.askers.delete(id);
      if (error === undefined) asker?.resolve(result);
      else asker?.reject(new Error(`${script}: ${error}`));
    });
    this.process.once('exit', (code) => {
      for (const { reject } of this.askers.values()) {
        reject(new Error(`${script} ended with code ${code}`));
      }
    });
  }

  call<Name extends keyof M & string>(
    method: Name,
    ...[argument]: Parameters<M[Name]>
  ): Promise<Awaited<ReturnType<M[Name]>>> {
    const id = this.asked++;
    const answer = new Promise<unknown>((resolve, reject) => {
      this.askers.set(id, { resolve, reject });
    });
    this.process.send({ id, method, argument } satisfies Question);
    return answer as Promise<Awaited<ReturnType<M[Name]>>>;
  }

  async end(): Promise<void> {
    if (this.process.exitCode !== null) return;
    const exited = once(this.process, 'exit');
    this.process.disconnect();
    await exited;
  }
}
