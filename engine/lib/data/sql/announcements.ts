import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { Faults, Watched } from '../../observability/faults.js';
import { DataFault } from '../data-faults.js';
import type { Announced, AnnouncementPort } from '../ports/announcements.js';

const CHANNEL = 'launchkey_engine';
/** Changes in one notification, which PostgreSQL limits to 8000 bytes. */
const MAX_CHANGES_PER_NOTIFICATION = 50;
/** Changes that wait to be sent; others find what is beyond by polling. */
const MAX_WAITING_CHANGES = 10_000;
const RECONNECT_AFTER_MS = 1000;
/** How long a notification to this engine itself may take, in ms. */
const ECHO_TIMEOUT_MS = 1000;

/**
 * Announces changes to the other engines on the same database, by `LISTEN` and `NOTIFY`. A notification
 * says what has changed and not how. An engine that was disconnected receives `'any'`. Each engine also
 * notifies itself: a pooler such as PgBouncer can lose notifications without an error.
 */
export class PostgresAnnouncements implements AnnouncementPort {
  readonly shared = true;
  private readonly url: string;
  private readonly pool: pg.Pool;
  private readonly listening: Watched;
  private readonly sendings: Watched;
  private readonly self = randomUUID();
  private client: pg.Client | undefined;
  private timer: NodeJS.Timeout | undefined;
  private waiting: Announced[] = [];
  private sending: Promise<void> | undefined;
  private closed = false;
  private listener: (announced: Announced) => void = () => {};
  /** When the echo was sent that has not come back yet, in real time. */
  private echoSentAt: number | undefined;
  /** Whether the engine listens, as far as it knows. */
  private isListening = false;

  constructor(url: string, pool: pg.Pool, faults: Faults) {
    this.url = url;
    this.pool = pool;
    this.listening = faults.watch(
      'announcements of other engines cannot be received',
      'announcements of other engines are received again',
      { level: 'warn' },
    );
    this.sendings = faults.watch(
      'changes cannot be announced to other engines',
      'changes are announced to other engines again',
      { level: 'warn' },
    );
  }

  /** Starts to listen; reconnects when the connection fails. */
  async listen(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.url,
      connectionTimeoutMillis: 3000,
      keepAlive: true,
    });
    this.client = client;
    const ended = new DataFault('NOTIFY_LOST', 'The connection that listens was closed.');
    client.on('error', (error) => this.lose(client, error));
    client.on('end', () => this.lose(client, ended));
    client.on('notification', ({ payload }) => this.receive(payload ?? ''));
    try {
      await client.connect();
      await client.query(`listen ${CHANNEL}`);
      this.isListening = true;
      this.echoSentAt = undefined;
      this.listener('any');
    } catch (error) {
      this.lose(client, error);
    }
  }

  /** Sends an echo, and rejects if an earlier one has not come back. */
  async check(): Promise<void> {
    if (this.isLate()) await new Promise((resolve) => setImmediate(resolve));
    if (this.isLate()) {
      const lost = new DataFault(
        'NOTIFY_LOST',
        'The database delivers no notifications. With PgBouncer in transaction mode, set database.listenUrl to an address of PostgreSQL itself.',
      );
      if (this.client) this.lose(this.client, lost);
      throw lost;
    }
    if (!this.isListening) throw new DataFault('NOTIFY_LOST', 'Notifications are not received.');
    if (this.echoSentAt === undefined) await this.sendEcho();
  }

  subscribe(listener: (announced: Announced) => void): void {
    this.listener = listener;
  }

  /**
   * Sends the change together with those of the same step, and with those that are published while an
   * earlier notification is sent.
   */
  publish(change: Announced): void {
    if (this.closed || this.waiting.length >= MAX_WAITING_CHANGES) return;
    this.waiting.push(change);
    this.sending ??= Promise.resolve().then(() => this.send());
  }

  async close(): Promise<void> {
    await this.sending;
    this.closed = true;
    clearTimeout(this.timer);
    await this.client?.end().catch(() => {});
  }

  private isLate(): boolean {
    const { echoSentAt } = this;
    return echoSentAt !== undefined && performance.now() - echoSentAt > ECHO_TIMEOUT_MS;
  }

  private async sendEcho(): Promise<void> {
    this.echoSentAt = performance.now();
    const payload = JSON.stringify({ from: this.self, echo: true });
    try {
      await this.pool.query('select pg_notify($1, $2)', [CHANNEL, payload]);
    } catch (error) {
      this.echoSentAt = undefined;
      throw error;
    }
  }

  private lose(client: pg.Client, error: unknown): void {
    if (this.client !== client || this.closed) return;
    this.client = undefined;
    this.isListening = false;
    this.listening.failed(error);
    client.end().catch(() => {});
    this.timer = setTimeout(() => void this.listen(), RECONNECT_AFTER_MS).unref();
  }

  private async send(): Promise<void> {
    try {
      while (this.waiting.length > 0) {
        const changes = this.waiting.splice(0, MAX_CHANGES_PER_NOTIFICATION);
        const payload = JSON.stringify({ from: this.self, changes });
        await this.pool.query('select pg_notify($1, $2)', [CHANNEL, payload]);
        this.sendings.worked();
      }
    } catch (error) {
      this.waiting = [];
      this.sendings.failed(error);
    } finally {
      this.sending = undefined;
    }
  }

  private receive(payload: string): void {
    const { from, changes } = readPayload(payload);
    if (from === this.self) {
      this.echoSentAt = undefined;
      this.listening.worked();
      return;
    }
    for (const change of changes) this.listener(change);
  }
}

/** Ignores what no engine sends: every client of the database can send notifications. */
function readPayload(payload: string): { from?: unknown; changes: Announced[] } {
  let value: unknown;
  try {
    value = JSON.parse(payload);
  } catch {
    value = undefined;
  }
  const { from, changes } = (value ?? {}) as { from?: unknown; changes?: unknown };
  return { from, changes: Array.isArray(changes) ? changes.filter(isAnnounced) : [] };
}

function isAnnounced(value: unknown): value is Announced {
  if (value === 'any') return true;
  const { authRequest, userId } = (value ?? {}) as Record<string, unknown>;
  return typeof authRequest === 'string' || typeof userId === 'string';
}
