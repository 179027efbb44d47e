import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { Logger } from '../../observability/logger.js';
import type { Announced } from '../repository.js';

const CHANNEL = 'launchkey_engine';
/** Changes in one notification, which PostgreSQL takes up to 8000 bytes of. */
const BATCH = 50;
/** Changes that wait to be told; of more, the others learn by looking. */
const WAITING = 10_000;
const RECONNECT = 1000;

/**
 * What the engines with the same database tell each other, by `LISTEN` and `NOTIFY`: that something
 * has changed, and never what. An engine that could not hear for a while is told `'any'`.
 */
export class Announcements {
  private readonly url: string;
  private readonly pool: pg.Pool;
  private readonly logger: Logger;
  private readonly self = randomUUID();
  private client: pg.Client | undefined;
  private timer: NodeJS.Timeout | undefined;
  private waiting: Announced[] = [];
  private sending: Promise<void> | undefined;
  private closed = false;
  listener: (announced: Announced) => void = () => {};

  constructor(url: string, pool: pg.Pool, logger: Logger) {
    this.url = url;
    this.pool = pool;
    this.logger = logger;
  }

  /** Begins to listen, and goes on trying where that fails. */
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
      if (error) this.logger.warn({ err: error }, 'other engines cannot be heard');
      client.end().catch(() => {});
      this.timer = setTimeout(() => void this.listen(), RECONNECT).unref();
    };
    client.on('error', lose);
    client.on('end', () => lose());
    client.on('notification', ({ payload }) => this.hear(payload ?? ''));
    try {
      await client.connect();
      await client.query(`listen ${CHANNEL}`);
      this.listener('any');
    } catch (error) {
      lose(error as Error);
    }
  }

  /** Goes out with whatever else is told while the one before is on its way; nobody waits for it. */
  tell(change: Announced): void {
    if (this.closed || this.waiting.length >= WAITING) return;
    this.waiting.push(change);
    this.sending ??= this.send();
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
        const changes = this.waiting.splice(0, BATCH);
        const payload = JSON.stringify({ from: this.self, changes });
        await this.pool.query('select pg_notify($1, $2)', [CHANNEL, payload]);
      }
    } catch (error) {
      this.waiting = [];
      this.logger.warn({ err: error }, 'other engines could not be told');
    } finally {
      this.sending = undefined;
    }
  }

  private hear(payload: string): void {
    const { from, changes } = readPayload(payload);
    if (from === this.self) return;
    for (const change of changes) this.listener(change);
  }
}

/** Whoever may connect to the database can notify of anything: what no engine would say is nothing. */
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
