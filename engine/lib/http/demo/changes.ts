import type { FastifyReply } from 'fastify';
import type { UserRecord } from '../../data/ports/users.js';
import type { Services } from '../../domain/services.js';
import { onDisconnect } from '../client-disconnect.js';
import { userState } from './state.js';

const MAX_STREAMS_PER_USER = 20;
/** Interval that keeps proxies and phones from closing a silent connection. */
const HEARTBEAT_MS = 20_000;

/** The open event streams (server-sent events) of the demo page. A server closes after they have ended. */
export class ChangeStreams {
  private readonly open = new Set<{ userId: string; end(): void }>();
  private readonly services: Services;

  constructor(services: Services) {
    this.services = services;
  }

  /** Sends the user's state now and after each change, until the page disconnects. */
  async start(reply: FastifyReply, user: UserRecord): Promise<FastifyReply> {
    const { services } = this;
    if (this.count(user.id) >= MAX_STREAMS_PER_USER) {
      return reply
        .code(429)
        .send({ error: { message: 'Too many pages of this user are open. Close some.' } });
    }
    reply.hijack();
    const { raw } = reply;
    // A hijacked reply does not send the headers that hooks have set, so they are copied.
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (value !== undefined) raw.setHeader(name, value);
    }
    raw.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    const push = this.pusher(user.username, reply);
    const unsubscribe = services.signals.subscribe({ userId: user.id }, push);
    const heartbeat = setInterval(() => raw.write(':\n\n'), HEARTBEAT_MS).unref();
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
   * Returns a function that sends the newest state. Changes that come at once, or while the connection
   * is busy, cause one read: the page needs the newest state only.
   */
  private pusher(username: string, { raw, request }: FastifyReply): () => void {
    const { id: requestId } = request;
    let reading = false;
    let stale = false;
    const send = async () => {
      if (reading) return;
      reading = true;
      while (stale && !raw.writableNeedDrain) {
        stale = false;
        try {
          // The user may have been deleted. The page then connects again and is told.
          const user = await this.services.users.byName(username);
          if (!user) {
            raw.end();
            break;
          }
          const state = await userState(this.services, user);
          raw.write(`event: state\ndata: ${JSON.stringify(state)}\n\n`);
        } catch (error) {
          this.services.logger.error(
            { requestId, err: error },
            'state of a user could not be read',
          );
          // The page connects again.
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
}
