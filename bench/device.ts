import type { Engine } from 'launchkey-engine';
import { moment } from './usage.js';

/** When the user answers: in the moment when the first poll has come, or so long after the push. */
export type Reaction =
  | { when: 'polled' }
  | { when: 'pushed'; from: number; to: number }
  | { when: 'never' };

interface Requests {
  create(...args: unknown[]): Promise<{ authRequest: string } | { refused: string }>;
  poll(
    app: unknown,
    authRequest: string,
  ): Promise<{ state: 'pending' | 'answered' } | { refused: string }>;
}

/**
 * The user of all devices, who approves. Lives inside the engine's process and sees there what is
 * pushed and what is polled for, so that looking costs nothing.
 */
export class Device {
  reaction: Reaction = { when: 'never' };
  /** How many requests were pushed. */
  pushed = 0;
  /** When each auth request was approved, see {@link moment}. */
  readonly approvals = new Map<string, number>();
  private readonly engine: Engine;

  private constructor(engine: Engine) {
    this.engine = engine;
  }

  static async watch(engine: Engine): Promise<Device> {
    const device = new Device(engine);
    const file = new URL('domain/requests.js', import.meta.resolve('launchkey-engine'));
    const { Requests } = (await import(file.href)) as { Requests: { prototype: Requests } };
    const { create, poll } = Requests.prototype;
    Requests.prototype.create = async function (...args) {
      const created = await create.apply(this, args);
      if ('authRequest' in created) device.sawPush(created.authRequest);
      return created;
    };
    Requests.prototype.poll = async function (app, authRequest) {
      const result = await poll.call(this, app, authRequest);
      if ('state' in result && result.state === 'pending') device.sawPoll(authRequest);
      return result;
    };
    return device;
  }

  private sawPush(authRequest: string): void {
    this.pushed += 1;
    const { reaction } = this;
    if (reaction.when !== 'pushed') return;
    const after = reaction.from + Math.random() * (reaction.to - reaction.from);
    setTimeout(() => this.approve(authRequest), after);
  }

  private sawPoll(authRequest: string): void {
    if (this.reaction.when !== 'polled' || this.approvals.has(authRequest)) return;
    this.approvals.set(authRequest, Number.NaN);
    setImmediate(() => this.approve(authRequest));
  }

  private approve(authRequest: string): void {
    this.approvals.set(authRequest, moment());
    void this.engine.answer(authRequest, true);
  }
}
