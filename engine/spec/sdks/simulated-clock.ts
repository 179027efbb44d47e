/** A clock that stands until a test moves it, for an engine and the machines that talk to it. */
export class SimulatedClock {
  private time = Date.UTC(2016, 3, 22, 8);
  readonly now = (): number => this.time;

  advance(milliseconds: number): void {
    this.time += milliseconds;
  }
}
