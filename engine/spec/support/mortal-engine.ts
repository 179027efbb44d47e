import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import type { EngineOptions } from '../../lib/index.js';
import { EngineProcess, type Front } from './engine-process.js';

/** Milliseconds from one kill to the next. */
const INTERVAL = 1000;
/** Processes that have loaded the engine and wait for the one before them to be killed. */
const AHEAD = 3;

/**
 * An engine that is killed by the clock, whatever it is doing: starting, too. The next one is started
 * on the same data as soon as it is dead.
 */
export class MortalEngine {
  kills = 0;
  /** Those of the kills that came before the engine listened. */
  early = 0;
  private readonly front: Front;
  private readonly options: EngineOptions;
  private readonly spared = new AbortController();
  private readonly ahead: Promise<EngineProcess>[] = [];
  private current: EngineProcess | undefined;

  constructor(front: Front, options: EngineOptions) {
    this.front = front;
    this.options = options;
  }

  /** Loads what comes first, so that the killing begins with an engine. */
  async load(): Promise<void> {
    onTestFinished(async () => await this.end());
    while (this.ahead.length < AHEAD) this.ahead.push(EngineProcess.load());
    await Promise.all(this.ahead);
  }

  /** Kills until it is told to spare the engine, at most so often; resolves when one listens that lives on. */
  async run(mostKills: number): Promise<void> {
    const begun = performance.now();
    for (;;) {
      const engine = await this.next();
      const listening = this.start(engine);
      if (this.kills < mostKills) await this.tick(begun, listening);
      if (this.kills >= mostKills || this.spared.signal.aborted) {
        await listening;
        return;
      }
      this.front.direct();
      await engine.kill();
      this.kills += 1;
      if (!(await listening)) this.early += 1;
    }
  }

  spare(): void {
    this.spared.abort();
  }

  async end(): Promise<void> {
    this.spare();
    const ahead = await Promise.all(this.ahead);
    await Promise.all([...ahead, this.current].map((engine) => engine?.kill()));
  }

  private async next(): Promise<EngineProcess> {
    this.current = await this.ahead.shift();
    return this.current as EngineProcess;
  }

  private async start(engine: EngineProcess): Promise<boolean> {
    const listens = await engine.start(this.options);
    if (listens) this.front.direct(engine.port);
    // Only now, since to load takes as much of the machine as to start.
    this.ahead.push(EngineProcess.load());
    return listens;
  }

  /** Resolves at the next time at which to kill, or when the engine is spared; rejects if it ends by itself. */
  private async tick(begun: number, listening: Promise<unknown>): Promise<void> {
    const { signal } = this.spared;
    // A timer may come a bit early: the time that has just been is not the next one.
    const next = Math.ceil((performance.now() - begun + 5) / INTERVAL) * INTERVAL;
    const time = sleep(begun + next - performance.now(), undefined, { signal }).catch(() => {});
    await Promise.race([time, listening.then(() => time)]);
  }
}
