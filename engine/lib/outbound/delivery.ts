import { Agent, request } from 'undici';
import type { Data } from '../data/data.js';
import type { DeliveryRecord } from '../data/ports/deliveries.js';
import type { Faults, Watched } from '../observability/faults.js';
import type { Logger } from '../observability/logger.js';
import type { Metrics } from '../observability/metrics.js';
import type { OutgoingGuard } from '../util/outgoing-guard.js';
import { eventUrl } from './event-url.js';

/** Delivery of events to applications. */
export interface DeliveryOptions {
  /**
   * Waits before the second, third, … attempt, in milliseconds of engine time. The last one repeats.
   * Default: 1, 2, 4, 8, 15, 30 and then 60 seconds.
   */
  backoff?: readonly number[];
  /** Timeout of one attempt, in milliseconds of real time. Default: 10,000. */
  timeout?: number;
  /** Maximum number of events that are sent at one time, to all applications. Default: 256. */
  concurrency?: number;
}

export const BACKOFF: readonly number[] = [1000, 2000, 4000, 8000, 15_000, 30_000, 60_000];

/** Events that are sent to one application at one time, so that a slow one cannot use all of them. */
const MAX_PER_APP = 16;
/** How much longer a claim lasts than an attempt can take. */
const LEASE_MARGIN_MS = 5000;
/** Longest claim of any engine: the longest timeout, and the margin. */
const MAX_LEASE_MS = 600_000 + LEASE_MARGIN_MS;
/** A clock that goes back by less than this was adjusted and not put back. */
const CLOCK_STEP_MS = 1000;
/** Age at which a logout event gets a new time and signature: it is valid for five minutes. */
const RESIGN_AFTER_MS = 4 * 60_000;

export interface DeliveryDependencies {
  data: Data;
  clock: () => number;
  /** Signs with the key by which the application verifies this event. */
  signer: (delivery: DeliveryRecord) => Promise<(text: string) => Promise<string>>;
  logger: Logger;
  faults: Faults;
  guard: OutgoingGuard;
  metrics: Metrics;
}

/**
 * Sends queued events: `POST`, parameters in the query, no body, redirects not followed. After a 2xx
 * response the event is delivered. Otherwise it is sent again, until it is too old.
 */
export class Delivery {
  private readonly with: DeliveryDependencies;
  private readonly reading: Watched;
  private readonly recording: Watched;
  private readonly backoff: readonly number[];
  private readonly timeout: number;
  private readonly concurrency: number;
  private readonly agent: Agent;
  private sending = 0;
  /** The number of events of each application that are sent. */
  private readonly sendingByApp = new Map<string, number>();
  /** Whether the queue may hold events that were due and could not be sent yet. */
  private backlog = false;
  private claiming: Promise<void> | undefined;
  /** When events were claimed last, in engine time. */
  private claimedAt: number | undefined;
  private again = false;
  private closed = false;

  constructor(dependencies: DeliveryDependencies, options: DeliveryOptions = {}) {
    this.with = dependencies;
    const { faults } = dependencies;
    this.reading = faults.watch('events could not be read', 'events are read again');
    this.recording = faults.watch('event could not be recorded', 'events are recorded again');
    this.backoff = options.backoff?.length ? options.backoff : BACKOFF;
    this.timeout = options.timeout ?? 10_000;
    this.concurrency = options.concurrency ?? 256;
    // Without a limit of connections for one host, which several applications can share.
    this.agent = new Agent({
      connect: dependencies.guard.connector({ timeout: this.timeout }),
      headersTimeout: this.timeout,
      bodyTimeout: this.timeout,
    });
  }

  /** How long an event that is sent belongs to this engine, in milliseconds of engine time. */
  get leaseMs(): number {
    return this.timeout + LEASE_MARGIN_MS;
  }

  /** Sends an event that was queued as claimed for {@link leaseMs}. */
  sendClaimed(delivery: DeliveryRecord): void {
    if (this.closed) return;
    const ofApp = this.sendingByApp.get(delivery.appKey) ?? 0;
    if (this.sending < this.concurrency && ofApp < MAX_PER_APP) this.start(delivery);
    else this.putBack(delivery);
  }

  /** Sends the events that are due. Called when an event is queued, and by the engine's sweep. */
  run(): void {
    if (this.closed) return;
    if (this.claiming) {
      this.again = true;
      return;
    }
    this.claiming = this.claim()
      .then(
        () => this.reading.worked(),
        (error) => this.reading.failed(error),
      )
      .finally(() => {
        this.claiming = undefined;
        if (this.again) {
          this.again = false;
          this.run();
        }
      });
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.claiming;
    this.with.guard.close();
    await this.agent.destroy();
  }

  private async claim(): Promise<void> {
    const room = this.concurrency - this.sending;
    if (room <= 0) return;
    const { data, clock } = this.with;
    this.backlog = false;
    await this.cutWaits();
    const due = await data.deliveries.claim(clock(), room, MAX_PER_APP, this.leaseMs);
    this.backlog ||= due.length > 0;
    for (const delivery of due) this.start(delivery);
  }

  /** At the start, too: the clock may have been put back while no engine ran. */
  private async cutWaits(): Promise<void> {
    const now = this.with.clock();
    const before = this.claimedAt;
    this.claimedAt = now;
    if (before !== undefined && now >= before - CLOCK_STEP_MS) return;
    const maxWaitMs = Math.max(...this.backoff, 60_000);
    await this.with.data.deliveries.cutWaits(now, maxWaitMs, MAX_LEASE_MS);
  }

  private start(delivery: DeliveryRecord): void {
    const { appKey } = delivery;
    this.count(appKey, 1);
    void this.send(delivery)
      .then(
        () => this.recording.worked(),
        (error) => this.recording.failed(error),
      )
      .finally(() => {
        this.count(appKey, -1);
        if (this.backlog) this.run();
      });
  }

  private count(appKey: string, change: 1 | -1): void {
    this.sending += change;
    const ofApp = (this.sendingByApp.get(appKey) ?? 0) + change;
    if (ofApp > 0) this.sendingByApp.set(appKey, ofApp);
    else this.sendingByApp.delete(appKey);
  }

  /** Ends the claim of an event that there is no room for now. */
  private putBack({ id, attempts, nextAttemptAt, eventTime }: DeliveryRecord): void {
    this.backlog = true;
    this.with.data.deliveries
      .reschedule(id, { attempts, nextAttemptAt, eventTime })
      .catch((error) => this.recording.failed(error));
  }

  private async send(delivery: DeliveryRecord): Promise<void> {
    const { data, clock, metrics, logger } = this.with;
    if (delivery.giveUpAt <= clock() && (await data.apps.get(delivery.appKey))?.disabled) {
      return await this.giveUp(delivery, 'the application is disabled');
    }
    // An event that became too old while the engine did not run is sent once.
    const current = this.withCurrentTime(delivery);
    const failure = await this.attempt(current);
    if (this.closed) return;
    if (failure === undefined) {
      metrics.delivery(delivery.kind, 'delivered');
      return await data.deliveries.delete(delivery.id);
    }
    const attempts = delivery.attempts + 1;
    const wait = this.backoff[Math.min(attempts, this.backoff.length) - 1] ?? 60_000;
    const nextAttemptAt = clock() + wait;
    const { id, kind, appKey } = delivery;
    if (nextAttemptAt >= delivery.giveUpAt) {
      return await this.giveUp({ ...delivery, attempts }, failure);
    }
    metrics.delivery(kind, 'retried');
    logger.info({ appKey, kind, attempts, failure }, 'event failed, to be sent again');
    await data.deliveries.reschedule(id, {
      attempts,
      nextAttemptAt,
      eventTime: current.eventTime,
    });
  }

  private async giveUp(delivery: DeliveryRecord, failure: string): Promise<void> {
    const { id, kind, appKey, attempts } = delivery;
    this.with.metrics.delivery(kind, 'given up');
    this.with.logger.warn({ appKey, kind, attempts, failure }, 'event given up');
    await this.with.data.deliveries.delete(id);
  }

  /** Returns the failure, or `undefined`. The text holds neither the URL nor its query. */
  private async attempt(delivery: DeliveryRecord): Promise<string | undefined> {
    try {
      const url = await eventUrl(delivery, await this.with.signer(delivery));
      const response = await request(url, {
        method: 'POST',
        dispatcher: this.agent,
        // For the whole attempt: the agent's own timeouts restart with each byte.
        signal: AbortSignal.timeout(this.timeout),
      });
      const { statusCode } = response;
      // The body is read so that the connection can be used again. The status alone decides.
      await response.body.dump({ limit: 65_536 });
      return statusCode >= 200 && statusCode < 300 ? undefined : `HTTP ${statusCode}`;
    } catch (error) {
      const { name, code } = error as { name?: unknown; code?: unknown };
      if (name === 'TimeoutError') return 'timeout';
      return typeof code === 'string' ? code : 'connection failed';
    }
  }

  private withCurrentTime(delivery: DeliveryRecord): DeliveryRecord {
    const now = this.with.clock();
    // An event from ahead of the clock, which was put back, would be refused as well.
    const ageMs = Math.abs(now - delivery.eventTime);
    const old = delivery.kind === 'logout' && ageMs >= RESIGN_AFTER_MS;
    return old ? { ...delivery, eventTime: now } : delivery;
  }
}
