import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { Services } from '../../domain/services.js';
import { LaunchKeyEngineError } from '../../errors.js';
import { onDisconnect } from '../client-disconnect.js';
import { userState } from './state.js';

const MAX_STREAMS_PER_USER = 20;
/** Often enough that no proxy or phone takes the silence for a lost connection. */
const HEARTBEAT = 20_000;

/** Open event streams (server-sent events), which have to be ended before a server can close. */
export class ChangeStreams {
  private readonly open = new Set<{ userId: string; end(): void }>();
  private readonly services: Services;

  constructor(services: Services) {
    this.services = services;
  }

  /** Sends the user's state now and after every change, until the page leaves. */
  async start(reply: FastifyReply, username: string): Promise<FastifyReply> {
    const { services } = this;
    const user = await services.users.require(username);
    if (this.count(user.id) >= MAX_STREAMS_PER_USER) {
      return reply.code(429).send({ error: { message: 'Too many pages of this user are open.' } });
    }
    reply.hijack();
    const { raw } = reply;
    // The headers that guard the page are the framework's to send, unless they are handed over.
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (value !== undefined) raw.setHeader(name, value);
    }
    raw.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    const push = this.pusher(username, raw);
    const unsubscribe = services.signals.subscribe({ userId: user.id }, push);
    const heartbeat = setInterval(() => raw.write(':\n\n'), HEARTBEAT).unref();
    const stream = { userId: user.id, end: () => raw.end() };
    this.open.add(stream);
    onDisconnect(reply, () => {
      clearInterval(heartbeat);
      unsubscribe();
      this.open.delete(stream);
    });
    push();
    return reply;
  }

  close(): void {
    for (const { end } of this.open) end();
  }

  private count(userId: string): number {
    return [...this.open].filter((stream) => stream.userId === userId).length;
  }

  /**
   * Reads the state once for however many changes come at the same time, or before the page has taken
   * what was sent: only the newest state is worth keeping for it.
   */
  private pusher(username: string, raw: ServerResponse): () => void {
    let reading = false;
    let stale = false;
    const send = async () => {
      if (reading) return;
      reading = true;
      while (stale && !raw.writableNeedDrain) {
        stale = false;
        try {
          const state = await userState(this.services, username);
          raw.write(`event: state\ndata: ${JSON.stringify(state)}\n\n`);
        } catch (error) {
          this.failed(error);
          // The page connects again, and is told then why it cannot.
          raw.end();
        }
      }
      reading = false;
    };
    raw.on('drain', () => void send());
    return () => {
      stale = true;
      void send();
    };
  }

  private failed(error: unknown): void {
    const gone = error instanceof LaunchKeyEngineError && error.code === 'ENGINE_UNKNOWN_USER';
    if (!gone) this.services.logger.error({ err: error }, 'a state could not be read');
  }
}
