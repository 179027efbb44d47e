import { EventEmitter } from 'node:events';
import type { LaunchKeyStrategy } from 'passport-launchkey';
import { moment } from './usage.js';

/** The part of a request that a login needs. */
interface Request {
  headers: Record<string, string>;
  body: { username: string };
  socket: EventEmitter;
}

/** Drives a strategy as Passport does, without a host and a browser. */
export class Driver {
  /** When each auth request was logged in, see {@link moment}. */
  readonly logins: [authRequest: string, at: number][] = [];
  private readonly strategy: LaunchKeyStrategy;
  private readonly waiting = new Set<Request>();

  constructor(strategy: LaunchKeyStrategy) {
    this.strategy = strategy;
  }

  /** Logs in `logins` times, `inFlight` at once, and says how many milliseconds it took. */
  async run(logins: number, inFlight: number): Promise<number> {
    let begun = 0;
    const lane = async () => {
      while (begun < logins) await this.logIn(`user${begun++}`);
    };
    const began = moment();
    await Promise.all(Array.from({ length: inFlight }, lane));
    return moment() - began;
  }

  /** Begins a login that waits until {@link Driver.abandon}. */
  begin(username: string): void {
    const request = requestOf(username);
    this.waiting.add(request);
    this.attempt(request, (error) => {
      throw error;
    });
  }

  /** Closes all browsers that wait. */
  abandon(): void {
    for (const { socket } of this.waiting) socket.emit('close');
    this.waiting.clear();
  }

  private logIn(username: string): Promise<void> {
    const request = requestOf(username);
    return new Promise((resolve, reject) => this.attempt(request, reject, resolve));
  }

  private attempt(
    request: Request,
    reject: (error: unknown) => void,
    resolve: () => void = () => {},
  ): void {
    const attempt = Object.create(this.strategy) as LaunchKeyStrategy;
    attempt.success = (user) => {
      this.logins.push([(user as { authRequest: string }).authRequest, moment()]);
      resolve();
    };
    attempt.fail = (info) => reject(new Error(`The login failed: ${JSON.stringify(info)}`));
    attempt.error = reject;
    attempt.authenticate(request);
  }
}

const requestOf = (username: string): Request => ({
  headers: {},
  body: { username },
  socket: new EventEmitter(),
});
