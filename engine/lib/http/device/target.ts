import type { FastifyRequest } from 'fastify';
import type { Services } from '../../domain/services.js';
import { DeviceError } from './device-error.js';

/**
 * Returns the URL under which a device reaches the engine, which the device signs: the public URL, or
 * without one, a loopback name of this machine. No other name in the `Host` header is trusted.
 */
export function targetBase(services: Services, request: FastifyRequest): string {
  const { publicUrl, url } = services.address;
  if (publicUrl !== undefined) return publicUrl;
  const { protocol, port } = new URL(url);
  const host = request.headers.host ?? '';
  const name = port !== '' && host.endsWith(`:${port}`) ? host.slice(0, -port.length - 1) : host;
  if (['localhost', '127.0.0.1', '[::1]'].includes(name)) return `${protocol}//${host}`;
  throw new DeviceError(
    'signature',
    'The engine does not know the URL that this request was sent to. The operator must set its public URL.',
  );
}
