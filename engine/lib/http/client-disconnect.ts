import type { FastifyReply } from 'fastify';

/**
 * Calls `act` when the connection of a reply ends, for example because the client disconnects, or at
 * once if it has ended. Returns the function that ends the subscription.
 */
export function onDisconnect({ raw }: FastifyReply, act: () => void): () => void {
  raw.once('close', act);
  if (raw.destroyed) act();
  return () => raw.off('close', act);
}
