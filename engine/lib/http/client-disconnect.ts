import type { FastifyReply } from 'fastify';

/**
 * Calls `act` once the reply is over, above all because the client has left; at once if it left while
 * something else was awaited. Returns what ends that.
 */
export function onDisconnect({ raw }: FastifyReply, act: () => void): () => void {
  raw.once('close', act);
  if (raw.destroyed) act();
  return () => raw.off('close', act);
}
