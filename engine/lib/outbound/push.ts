import { Agent, request as send } from 'undici';
import type { Data } from '../data/data.js';
import type { DeviceRecord, PushSubscription } from '../data/ports/devices.js';
import type { RequestRecord } from '../data/ports/requests.js';
import type { Fraud } from '../domain/fraud.js';
import type { PushSubscriptions } from '../domain/push-subscriptions.js';
import type { Logger } from '../observability/logger.js';
import type { Metrics } from '../observability/metrics.js';
import { FairQueue } from '../util/fair-queue.js';
import type { OutgoingGuard } from '../util/outgoing-guard.js';
import type { PushMessages } from './push-message.js';

/** How devices are woken by Web Push. */
export interface PushOptions {
  /**
   * Networks, as `ADDRESS/BITS`, that push services may be in though they are not public. Default:
   * none, since every user could make the engine call what only the engine reaches.
   */
  networks?: readonly string[];
  /** The certificates (PEM) to trust in the place of Node's own, for a push service of one's own. */
  ca?: string;
  /**
   * Milliseconds of real time before the second, third, … attempt; there are no more than these.
   * Default: 1, 5 and 20 seconds.
   */
  backoff?: readonly number[];
  /** Milliseconds of real time that the push service has for its response. Default: 10,000. */
  timeout?: number;
}

export const PUSH_BACKOFF: readonly number[] = [1000, 5000, 20_000];

/** Messages on their way at one time, and waiting for it; the ones beyond are not sent. */
const LIMITS = { running: 256, runningPerLane: 64, waiting: 10_000 };

export interface PushDependencies {
  data: Data;
  subscriptions: PushSubscriptions;
  fraud: Fraud;
  guard: OutgoingGuard;
  messages: PushMessages;
  metrics: Metrics;
  logger: Logger;
  clock: () => number;
}

/** One request that one device is to be told of. */
interface Message {
  authRequest: string;
  deviceId: string;
  attempts: number;
}

/** What became of an attempt; `again` says whether it may be made again, and how soon at the earliest. */
type Result = 'sent' | 'over' | { failure: string; again?: number };

/**
 * Wakes the devices of a user when there is a request to answer. In the background, and without a
 * promise: whoever opens the authenticator sees the request anyway. A message that cannot be sent
 * is tried again a few times, for as long as the request is open and the user not paused.
 *
 * All devices with a subscription are told, those too that hold a connection at this moment: it may be
 * dead without anybody having noticed yet, and another node's connections are not known here.
 * What is shown of it is up to the page’s service worker.
 */
export class Push {
  private readonly with: PushDependencies;
  private readonly backoff: readonly number[];
  private readonly timeout: number;
  private readonly agent: Agent;
  private readonly queue = new FairQueue(LIMITS);
  private readonly later = new Set<NodeJS.Timeout>();
  private closed = false;

  constructor(dependencies: PushDependencies, options: PushOptions = {}) {
    this.with = dependencies;
    this.backoff = options.backoff ?? PUSH_BACKOFF;
    this.timeout = options.timeout ?? 10_000;
    const { timeout } = this;
    this.agent = new Agent({
      connect: dependencies.guard.connector({ timeout, ca: options.ca }),
      headersTimeout: timeout,
      bodyTimeout: timeout,
    });
  }

  /** What browsers subscribe with, as `applicationServerKey`. */
  get publicKey(): string {
    return this.with.messages.publicKey;
  }

  /** Tells these devices of the user, some time soon. */
  wake({ authRequest }: RequestRecord, devices: readonly DeviceRecord[]): void {
    for (const { id, push } of devices) {
      if (push) this.add({ authRequest, deviceId: id, attempts: 0 }, push);
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const timer of this.later) clearTimeout(timer);
    await this.agent.destroy();
    await this.queue.close();
  }

  private add(message: Message, { endpoint }: PushSubscription): void {
    if (this.closed) return;
    const job = () =>
      this.send(message).catch((error) =>
        this.with.logger.error({ err: error }, 'a push could not be recorded'),
      );
    if (this.queue.add(new URL(endpoint).origin, job)) return;
    this.with.metrics.push('dropped');
    this.with.logger.warn({ deviceId: message.deviceId }, 'too many pushes are waiting');
  }

  private async send(message: Message): Promise<void> {
    const { metrics, logger, subscriptions } = this.with;
    const wanted = await this.stillWanted(message);
    if (this.closed) return;
    if (!wanted) return metrics.push('not needed');
    const { device, push, seconds } = wanted;
    const result = await this.attempt(push, seconds);
    if (this.closed) return;
    if (result === 'sent') return metrics.push('sent');
    if (result === 'over') {
      metrics.push('unsubscribed');
      return await subscriptions.endedByService(device);
    }
    const { failure, again } = result;
    const attempts = message.attempts + 1;
    const about = { deviceId: device.id, service: new URL(push.endpoint).host, attempts, failure };
    const backoff = this.backoff[message.attempts];
    const wait = Math.max(backoff ?? 0, again ?? 0);
    const room = this.later.size < LIMITS.waiting && wait < seconds * 1000;
    if (again === undefined || backoff === undefined || !room) {
      metrics.push('given up');
      return logger.warn(about, 'push given up');
    }
    metrics.push('retried');
    logger.info(about, 'push to be sent again');
    this.addLater({ ...message, attempts }, push, wait);
  }

  private addLater(message: Message, push: PushSubscription, wait: number): void {
    const timer = setTimeout(() => {
      this.later.delete(timer);
      this.add(message, push);
    }, wait).unref();
    this.later.add(timer);
  }

  /** Where the message goes now, and for how many seconds it is of use; `undefined` if it is not. */
  private async stillWanted({ authRequest, deviceId }: Message) {
    const { data, fraud, clock } = this.with;
    const request = await data.requests.get(authRequest);
    if (!request || 'past' in request || request.answer) return undefined;
    const seconds = Math.floor((request.expiresAt - clock()) / 1000);
    if (seconds < 1 || (await fraud.pausedUntil(request.userId)) !== undefined) return undefined;
    const device: DeviceRecord | undefined = await data.devices.get(deviceId);
    return device?.push && { device, push: device.push, seconds };
  }

  /** What became of it; never a text that holds the endpoint, whose path lets everybody send. */
  private async attempt(push: PushSubscription, seconds: number): Promise<Result> {
    try {
      const response = await send(push.endpoint, {
        method: 'POST',
        ...this.with.messages.make(push, seconds),
        dispatcher: this.agent,
        // For the whole of it: the agent's own limits begin anew with each byte that trickles in.
        signal: AbortSignal.timeout(this.timeout),
      });
      const { statusCode, headers } = response;
      // Read so that the connection can be used again. The status has said already what became of it.
      await response.body.dump({ limit: 65_536 });
      if (statusCode >= 200 && statusCode < 300) return 'sent';
      if (statusCode === 404 || statusCode === 410) return 'over';
      const failure = `HTTP ${statusCode}`;
      // All else that is refused, or sent somewhere else, is so the next time, too.
      if (statusCode !== 429 && statusCode < 500) return { failure };
      return { failure, again: retryAfter(headers['retry-after']) };
    } catch (error) {
      const { name, code } = error as { name?: unknown; code?: unknown };
      if (code === 'ADDRESS_NOT_ALLOWED') return { failure: code };
      if (name === 'TimeoutError') return { failure: 'no response in time', again: 0 };
      return { failure: typeof code === 'string' ? code : 'the connection failed', again: 0 };
    }
  }
}

/** In milliseconds. */
function retryAfter(header: string | string[] | undefined): number {
  return /^\d{1,6}$/.test(String(header)) ? Number(header) * 1000 : 0;
}
