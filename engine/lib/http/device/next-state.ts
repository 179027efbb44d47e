import type { FastifyReply } from 'fastify';
import type { DeviceRecord } from '../../data/ports/devices.js';
import type { Services } from '../../domain/services.js';
import { onDisconnect } from '../client-disconnect.js';
import { DeviceError } from './device-error.js';
import { type DeviceState, deviceState } from './device-state.js';

/** How long a device is told to wait while too many devices are held. */
const FULL_RETRY_MS = 5000;

/**
 * Waits until the version of the user's state differs from `known`, and returns that state. Returns
 * `undefined` after `waitMs`, when the device disconnects, or when it sends a new request. Throws when
 * the device is unpaired or the engine closes.
 */
export async function nextState(
  services: Services,
  device: DeviceRecord,
  known: string | undefined,
  waitMs: number,
  reply: FastifyReply,
): Promise<DeviceState | undefined> {
  const { heldDevices, limits } = services;
  if (waitMs > 0 && heldDevices.size >= limits.heldPolls) {
    throw new DeviceError('too_many', 'Too many devices wait for changes. Try again later.', {
      retryAfterMs: FULL_RETRY_MS,
    });
  }
  const held = heldDevices.enter(device.id, device.userId, waitMs);
  const stopWatching = onDisconnect(reply, () => held.end());
  try {
    for (;;) {
      const release = await held.next();
      if (release === 'closing') throw new DeviceError('unavailable', 'The engine closes.');
      if (release === 'ended') return undefined;
      const state = await deviceState(services, device);
      if (state.version !== known) return state;
    }
  } finally {
    held.end();
    stopWatching();
  }
}
