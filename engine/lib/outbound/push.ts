import { isIP } from 'node:net';
import { Agent, request as send } from 'undici';
import type { Data } from '../data/data.js';
import type { DeviceRecord, PushSubscription } from '../data/ports/devices.js';
import type { RequestRecord } from '../data/ports/requests.js';
import type { Fraud } from '../domain/fraud.js';
import type { PushSubscriptions } from '../domain/push-subscriptions.js';
import type { Logger } from '../observability/logger.js';
import type { Metrics } from '../observability/metrics.js';
import { FairQueue, type QueueLimits } from '../util/fair-queue.js';
import type { OutgoingGuard } from '../util/outgoing-guard.js';
import type { PushMessages } from './push-message.js';

/** Delivery of Web Push messages to phones. */
export interface PushOptions {
  /**
   * Networks of push services that are not public, each as `ADDRESS/BITS` or one address. Default: none,
   * because a subscription could name a service that only the engine reaches.
   */
  networks?: readonly string[];
  /** Certificates (PEM) to trust instead of Node's own, for a private push service. Default: none. */
  ca?: string;
  /**
   * Waits before the second, third, … attempt, in milliseconds of real time. There are no further
   * attempts. Default: 1, 5 and 20 seconds.
   */
  backoff?: readonly number[];
  /** Timeout of one attempt, in milliseconds of real time. Default: 10,000. */
  timeout?: number;
}

export const PUSH_BACKOFF: readonly number[] = [1000, 5000, 20_000];

/**
 * Messages that are sent at one time, and that wait. Further ones are dropped. A user chooses the push
 * services of all own devices, so that only the limits for one user keep a user from using all of them.
 */
const LIMITS: QueueLimits = {
  maxRunning: 256,
  maxRunningPerOwner: 4,
  maxRunningPerTarget: 64,
  maxWaiting: 10_000,
  maxWaitingPerOwner: 100,
};

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

/** The message that tells one device of one request. */
interface Message {
  authRequest: string;
  userId: string;
  deviceId: string;
  attempts: number;
}

/** The result of an attempt. `retryAfterMs` is the minimum wait; without it, no attempt follows. */
type Result = 'sent' | 'unsubscribed' | { failure: string; retryAfterMs?: number };

/**
 * Wakes a user's devices when a request waits. A failed message is sent again a few times while the
 * request is open and the user is not paused. A lost message does no harm beyond its delay: the
 * authenticator shows the request when it is opened.
 *
 * All devices with a subscription are woken, also those that hold a connection: the connection can be
 * dead, and other nodes hold connections, too. The page's service worker decides what it shows.
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

  /** The `applicationServerKey` with which browsers subscribe. */
  get publicKey(): string {
    return this.with.messages.publicKey;
  }

  /** Wakes these devices in the background. */
  wake({ authRequest, userId }: RequestRecord, devices: readonly DeviceRecord[]): void {
    for (const { id, push } of devices) {
      if (push) this.add({ authRequest, userId, deviceId: id, attempts: 0 }, push);
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const timer of this.later) clearTimeout(timer);
    this.with.guard.close();
    await this.agent.destroy();
    await this.queue.close();
  }

  private add(message: Message, { endpoint }: PushSubscription): void {
    if (this.closed) return;
    const job = () =>
      this.send(message).catch((error) =>
        this.with.logger.error({ err: error }, 'push could not be recorded'),
      );
    const keys = { owner: message.userId, target: serviceOf(endpoint) };
    if (this.queue.add(keys, job)) return;
    this.with.metrics.push('dropped');
    this.with.logger.warn({ deviceId: message.deviceId }, 'push dropped: too many are waiting');
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
    if (result === 'unsubscribed') {
      metrics.push('unsubscribed');
      return await subscriptions.endedByService(device);
    }
    const { failure, retryAfterMs } = result;
    const attempts = message.attempts + 1;
    const about = { deviceId: device.id, service: new URL(push.endpoint).host, attempts, failure };
    const backoff = this.backoff[message.attempts];
    const waitMs = Math.max(backoff ?? 0, retryAfterMs ?? 0);
    const room = this.later.size < LIMITS.maxWaiting && waitMs < seconds * 1000;
    if (retryAfterMs === undefined || backoff === undefined || !room) {
      metrics.push('given up');
      return logger.warn(about, 'push given up');
    }
    metrics.push('retried');
    logger.info(about, 'push failed, to be sent again');
    this.addLater({ ...message, attempts }, push, waitMs);
  }

  private addLater(message: Message, push: PushSubscription, waitMs: number): void {
    const timer = setTimeout(() => {
      this.later.delete(timer);
      this.add(message, push);
    }, waitMs).unref();
    this.later.add(timer);
  }

  /** Returns the device and how long the message is useful; `undefined` if it is not useful. */
  private async stillWanted({ authRequest, deviceId }: Message) {
    const { data, fraud, clock } = this.with;
    const request = await data.requests.get(authRequest);
    if (!request || 'past' in request || request.answer) return undefined;
    const seconds = Math.floor((request.expiresAt - clock()) / 1000);
    if (seconds < 1 || (await fraud.pauses(request))) return undefined;
    const device: DeviceRecord | undefined = await data.devices.get(deviceId);
    return device?.push && { device, push: device.push, seconds };
  }

  /** The returned text does not hold the endpoint, whose path lets its holder send messages. */
  private async attempt(push: PushSubscription, seconds: number): Promise<Result> {
    try {
      const response = await send(push.endpoint, {
        method: 'POST',
        ...this.with.messages.make(push, seconds),
        dispatcher: this.agent,
        // For the whole attempt: the agent's own timeouts restart with each byte.
        signal: AbortSignal.timeout(this.timeout),
      });
      const { statusCode, headers } = response;
      // The body is read so that the connection can be used again. The status alone decides.
      await response.body.dump({ limit: 65_536 });
      if (statusCode >= 200 && statusCode < 300) return 'sent';
      if (statusCode === 404 || statusCode === 410) return 'unsubscribed';
      const failure = `HTTP ${statusCode}`;
      // Other refusals and redirects would repeat.
      if (statusCode !== 429 && statusCode < 500) return { failure };
      return { failure, retryAfterMs: retryAfter(headers['retry-after']) };
    } catch (error) {
      const { name, code } = error as { name?: unknown; code?: unknown };
      if (code === 'ADDRESS_NOT_ALLOWED') return { failure: code };
      if (name === 'TimeoutError') return { failure: 'timeout', retryAfterMs: 0 };
      return { failure: typeof code === 'string' ? code : 'connection failed', retryAfterMs: 0 };
    }
  }
}

/**
 * Names the push service of an endpoint: the last two labels of its host, since the holder of a domain
 * can use any number of hosts, and the port.
 */
function serviceOf(endpoint: string): string {
  const { hostname, port } = new URL(endpoint);
  const isAddress = isIP(hostname.replace(/^\[|\]$/g, '')) !== 0;
  const domain = isAddress ? hostname : hostname.split('.').filter(Boolean).slice(-2).join('.');
  return `${domain}:${port}`;
}

/** Returns the seconds of a `Retry-After` header in milliseconds, or 0. */
function retryAfter(header: string | string[] | undefined): number {
  return /^\d{1,6}$/.test(String(header)) ? Number(header) * 1000 : 0;
}
