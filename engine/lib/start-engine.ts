import { assemble } from './assemble.js';
import type { Engine } from './engine.js';
import { Lifecycle } from './lifecycle.js';
import { engineMethods } from './methods.js';
import type { EngineOptions } from './options.js';
import { resolveOptions } from './resolve-options.js';

/**
 * Starts an engine and resolves when it listens. Without the options `data` and `databaseUrl` it keeps
 * its data in memory.
 *
 * Rejects with a {@link LaunchKeyEngineError}: `ENGINE_INVALID_OPTION` for an option that is unknown
 * or unusable, `ENGINE_TLS` for a certificate or key that cannot be used, `ENGINE_DATA` if its data
 * cannot be opened, `ENGINE_LISTEN` if the address cannot be bound.
 *
 * @example An engine in memory, for tests
 * ```ts
 * import { startEngine } from 'launchkey-engine';
 *
 * const engine = await startEngine();
 * const app = await engine.createApp({ name: 'Shop' });
 * await engine.createUser('alice');
 * await engine.close();
 * ```
 *
 * @example An engine with a data file, behind a proxy
 * ```ts
 * import { startEngine } from 'launchkey-engine';
 *
 * const engine = await startEngine({
 *   port: 8080,
 *   data: '/var/lib/launchkey/engine.db',
 *   publicUrl: 'https://engine.example.com',
 *   trustedProxies: ['127.0.0.1'],
 * });
 * ```
 */
export async function startEngine(options: EngineOptions = {}): Promise<Engine> {
  const resolved = resolveOptions(options);
  const parts = await assemble(resolved);
  const lifecycle = new Lifecycle(parts);
  await lifecycle.listen(resolved);
  const { url, linkBase } = parts.services.address;
  return {
    url,
    ...(lifecycle.metricsUrl !== undefined && { metricsUrl: lifecycle.metricsUrl }),
    authenticatorUrl: `${linkBase}/authenticator`,
    ...engineMethods(() => lifecycle.openServices()),
    close: async (options) => await lifecycle.close(options),
  };
}
