import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { VERSION } from '../util/version.js';

/** How long a scrape waits for the figures of the data, in ms. */
const DATA_TIMEOUT_MS = 1000;
/** How long figures of the data are used again, in ms: a scrape must not cost a query for each client. */
const DATA_MAX_AGE_MS = 200;
/** Upper bounds of the latency histograms, in seconds. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What a scrape reads of the data. */
export interface DataFigures {
  pendingRequests: number;
  queuedEvents: number;
  /** Seconds since the oldest queued event was made; 0 without one. */
  oldestEventSeconds: number;
}

/** The sources of the gauges, which are read at each scrape. */
export interface MetricSources {
  heldPolls(): number;
  heldDevices(): number;
  /** Whether the engine can serve. While it cannot, its data is not read. */
  ready(): boolean;
  data(): Promise<DataFigures>;
}

/** The figures of the process, which all engines in it share. Made at the first scrape. */
let processRegistry: Registry | undefined;

function processMetrics(): Registry {
  if (!processRegistry) {
    processRegistry = new Registry();
    collectDefaultMetrics({ register: processRegistry });
  }
  return processRegistry;
}

/** The metrics of one engine. It has its own registry, so several engines can run in one process. */
export class Metrics {
  private readonly registry = new Registry();
  private readonly calls: Counter<'call' | 'outcome'>;
  private readonly deliveries: Counter<'kind' | 'outcome'>;
  private readonly answers: Counter<'outcome'>;
  private readonly fraudReports: Counter;
  private readonly pushes: Counter<'outcome'>;
  private readonly dataGauges: Record<keyof DataFigures, Gauge>;
  private readonly requests: Histogram<'route' | 'status'>;
  private readonly steps: Histogram<'kind'>;
  private readonly stepErrors: Counter<'kind'>;
  private readonly sources: MetricSources;
  private reading: Promise<void> | undefined;
  private readAt = Number.NEGATIVE_INFINITY;

  constructor(sources: MetricSources) {
    this.sources = sources;
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
      name: 'launchkey_ready',
      help: '1 while the engine can serve, 0 while /readyz answers 503.',
      registers,
      collect() {
        this.set(sources.ready() ? 1 : 0);
      },
    });
    new Gauge({
      name: 'launchkey_build_info',
      help: 'Always 1. The labels are the versions of the engine and of Node.js.',
      labelNames: ['version', 'node'],
      registers,
    }).set({ version: VERSION, node: process.versions.node }, 1);
    this.dataGauges = {
      pendingRequests: new Gauge({
        name: 'launchkey_pending_requests',
        help: 'Auth requests that wait for an answer. Absent while the data cannot be read.',
        registers,
      }),
      queuedEvents: new Gauge({
        name: 'launchkey_delivery_queue',
        help: 'Events that wait for delivery. Absent while the data cannot be read.',
        registers,
      }),
      oldestEventSeconds: new Gauge({
        name: 'launchkey_delivery_oldest_age_seconds',
        help: 'Age of the oldest event that waits for delivery. Absent while the data cannot be read.',
        registers,
      }),
    };
    this.requests = new Histogram({
      name: 'launchkey_http_request_duration_seconds',
      help: 'Time to answer an HTTP request, by route and class of status. Without held requests.',
      labelNames: ['route', 'status'],
      buckets: BUCKETS,
      registers,
    });
    this.steps = new Histogram({
      name: 'launchkey_data_step_duration_seconds',
      help: 'Time of a step of the data: "read", "durable" (waits for the disk) or "relaxed".',
      labelNames: ['kind'],
      buckets: BUCKETS,
      registers,
    });
    this.stepErrors = new Counter({
      name: 'launchkey_data_errors_total',
      help: 'Steps of the data that failed, by kind of step.',
      labelNames: ['kind'],
      registers,
    });
  }

  request(route: string, statusCode: number, milliseconds: number): void {
    const status = `${Math.floor(statusCode / 100)}xx`;
    this.requests.observe({ route, status }, milliseconds / 1000);
  }

  step(kind: string, milliseconds: number, failed: boolean): void {
    this.steps.observe({ kind }, milliseconds / 1000);
    if (failed) this.stepErrors.inc({ kind });
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

  /** The text never fails: during an outage it lacks the figures of the data. */
  async text(): Promise<string> {
    if (performance.now() - this.readAt >= DATA_MAX_AGE_MS) {
      this.reading ??= this.readData().finally(() => {
        this.reading = undefined;
        this.readAt = performance.now();
      });
    }
    await this.reading;
    const own = await this.registry.metrics();
    return own + (await processMetrics().metrics());
  }

  private async readData(): Promise<void> {
    const figures = this.sources.ready() ? await within(this.sources.data()) : undefined;
    for (const [name, gauge] of Object.entries(this.dataGauges)) {
      if (figures) gauge.set(figures[name as keyof DataFigures]);
      else gauge.remove();
    }
  }
}

/** Resolves to `undefined` if the figures fail or are late. */
async function within(figures: Promise<DataFigures>): Promise<DataFigures | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), DATA_TIMEOUT_MS);
  });
  try {
    return await Promise.race([figures.catch(() => undefined), late]);
  } finally {
    clearTimeout(timer);
  }
}
