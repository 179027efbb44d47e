import { Counter, Gauge, Registry } from 'prom-client';

/** The sources of the gauges, which are read at each scrape. */
export interface MetricSources {
  heldPolls(): number;
  heldDevices(): number;
  pendingRequests(): Promise<number>;
  queuedEvents(): Promise<number>;
}

/** The metrics of one engine. It has its own registry, so several engines can run in one process. */
export class Metrics {
  private readonly registry = new Registry();
  private readonly calls: Counter<'call' | 'outcome'>;
  private readonly deliveries: Counter<'kind' | 'outcome'>;
  private readonly answers: Counter<'outcome'>;
  private readonly fraudReports: Counter;
  private readonly pushes: Counter<'outcome'>;

  constructor(sources: MetricSources) {
    const registers = [this.registry];
    this.calls = new Counter({
      name: 'launchkey_calls_total',
      help: 'Calls of the v1 API, by outcome: "answered", "error", or the message code.',
      labelNames: ['call', 'outcome'],
      registers,
    });
    this.deliveries = new Counter({
      name: 'launchkey_deliveries_total',
      help: 'Attempts to deliver an event, by kind and outcome.',
      labelNames: ['kind', 'outcome'],
      registers,
    });
    this.answers = new Counter({
      name: 'launchkey_answers_total',
      help: 'Answers of paired devices: "approved", or the reason of the denial.',
      labelNames: ['outcome'],
      registers,
    });
    this.fraudReports = new Counter({
      name: 'launchkey_fraud_reports_total',
      help: 'Requests that users reported as fraud.',
      registers,
    });
    this.pushes = new Counter({
      name: 'launchkey_pushes_total',
      help: 'Web Push messages, by outcome.',
      labelNames: ['outcome'],
      registers,
    });
    new Gauge({
      name: 'launchkey_held_polls',
      help: 'Polls that are held now.',
      registers,
      collect() {
        this.set(sources.heldPolls());
      },
    });
    new Gauge({
      name: 'launchkey_held_devices',
      help: 'Paired devices that wait for changes now.',
      registers,
      collect() {
        this.set(sources.heldDevices());
      },
    });
    new Gauge({
      name: 'launchkey_pending_requests',
      help: 'Auth requests that wait for an answer.',
      registers,
      async collect() {
        this.set(await sources.pendingRequests());
      },
    });
    new Gauge({
      name: 'launchkey_delivery_queue',
      help: 'Events that wait for delivery.',
      registers,
      async collect() {
        this.set(await sources.queuedEvents());
      },
    });
  }

  call(call: string, outcome: string | number): void {
    this.calls.inc({ call, outcome });
  }

  delivery(kind: string, outcome: string): void {
    this.deliveries.inc({ kind, outcome });
  }

  answer(outcome: string): void {
    this.answers.inc({ outcome });
  }

  fraudReport(): void {
    this.fraudReports.inc();
  }

  push(outcome: string): void {
    this.pushes.inc({ outcome });
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  async text(): Promise<string> {
    return await this.registry.metrics();
  }
}
