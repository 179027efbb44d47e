import { startTimer } from './timers.js';

/** Lets pieces of work with the same key run one after another, in the order in which they came. */
export class Turns {
  private readonly tails = new Map<string, Promise<void>>();
  private readonly maxTurnMs: number;

  /** @param maxTurnMs - milliseconds after which work no longer holds up the next one. */
  constructor(maxTurnMs: number) {
    this.maxTurnMs = maxTurnMs;
  }

  /**
   * Runs the work when all earlier work with this key has settled or ended its turn.
   *
   * @param work - may call `endTurn` before it settles.
   */
  async run<T>(key: string, work: (endTurn: () => void) => Promise<T>): Promise<T> {
    const earlier = this.tails.get(key) ?? Promise.resolve();
    let endTurn = () => {};
    const turn = new Promise<void>((resolve) => {
      endTurn = resolve;
    });
    const tail = earlier.then(() => turn);
    this.tails.set(key, tail);
    await earlier;
    const stopTimer = startTimer(endTurn, this.maxTurnMs);
    try {
      return await work(endTurn);
    } finally {
      stopTimer();
      endTurn();
      if (this.tails.get(key) === tail) this.tails.delete(key);
    }
  }
}
