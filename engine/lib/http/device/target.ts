import type { FastifyRequest } from 'fastify';
import { DeviceRefusal } from '../../domain/device-refusal.js';
import type { Services } from '../../domain/services.js';

/**
 * The address under which a device sees the engine, which it signs: the public one, or where there is
 * none, this machine's by the name that the device has used. Never a name of a stranger's choosing.
 */
export function seenBase(services: Services, request: FastifyRequest): string {
  const { publicUrl, url } = services.address;
  if (publicUrl !== undefined) return publicUrl;
  const { protocol, port } = new URL(url);
  const host = request.headers.host ?? '';
  const name = port !== '' && host.endsWith(`:${port}`) ? host.slice(0, -port.length - 1) : host;
  if (['localhost', '127.0.0.1', '[::1]'].includes(name)) return `${protocol}//${host}`;
  throw new DeviceRefusal(
    'signature',
    'The engine does not know the address that this request was sent to: start it with a public URL.',
  );
}
