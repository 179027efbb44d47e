import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { Logger } from '../../observability/logger.js';
import type { Announced, AnnouncementPort } from '../ports/announcements.js';

const CHANNEL = 'launchkey_engine';
/** Changes in one notification, which PostgreSQL limits to 8000 bytes. */
const MAX_CHANGES_PER_NOTIFICATION = 50;
/** Changes that wait to be sent; others find what is beyond by polling. */
const MAX_WAITING_CHANGES = 10_000;
const RECONNECT_AFTER_MS = 1000;

/**
 * Announces changes to the other engines on the same database, by `LISTEN` and `NOTIFY`. A notification
 * says what has changed and not how. An engine that was disconnected receives `'any'`.
 */
export class PostgresAnnouncements implements AnnouncementPort {
  readonly shared = true;
  private readonly url: string;
  private readonly pool: pg.Pool;
  private readonly logger: Logger;
  private readonly self = randomUUID();
  private client: pg.Client | undefined;
  private timer: NodeJS.Timeout | undefined;
  private waiting: Announced[] = [];
  private sending: Promise<void> | undefined;
  private closed = false;
  private listener: (announced: Announced) => void = () => {};

  constructor(url: string, pool: pg.Pool, logger: Logger) {
    this.url = url;
    this.pool = pool;
    this.logger = logger;
  }

  /** Starts to listen; reconnects when the connection fails. */
  async listen(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.url,
      connectionTimeoutMillis: 3000,
      keepAlive: true,
    });
    this.client = client;
    let lost = false;
    const lose = (error?: Error) => {
      if (lost || this.closed) return;
      lost = true;
      if (error)
        this.logger.warn({ err: error }, 'announcements of other engines cannot be received');
      client.end().catch(() => {});
      this.timer = setTimeout(() => void this.listen(), RECONNECT_AFTER_MS).unref();
    };
    client.on('error', lose);
    client.on('end', () => lose());
    client.on('notification', ({ payload }) => this.receive(payload ?? ''));
    try {
      await client.connect();
      await client.query(`listen ${CHANNEL}`);
      this.listener('any');
    } catch (error) {
      lose(error as Error);
    }
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

  private async send(): Promise<void> {
    try {
      while (this.waiting.length > 0) {
        const changes = this.waiting.splice(0, MAX_CHANGES_PER_NOTIFICATION);
        const payload = JSON.stringify({ from: this.self, changes });
        await this.pool.query('select pg_notify($1, $2)', [CHANNEL, payload]);
      }
    } catch (error) {
      this.waiting = [];
      this.logger.warn({ err: error }, 'changes could not be announced to other engines');
    } finally {
      this.sending = undefined;
    }
  }

  private receive(payload: string): void {
    const { from, changes } = readPayload(payload);
    if (from === this.self) return;
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
