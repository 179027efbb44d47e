import { assemble } from './assemble.js';
import type { Engine } from './engine.js';
import { Lifecycle } from './lifecycle.js';
import { engineMethods } from './methods.js';
import { type EngineOptions, resolveOptions } from './options.js';

/**
 * Starts an engine, which keeps its data in memory unless `data` or `databaseUrl` says where.
 *
 * Rejects with a {@link LaunchKeyEngineError}: `ENGINE_INVALID_OPTION` for an option that is unknown
 * or unusable, `ENGINE_TLS` for a certificate or key that cannot be used, `ENGINE_DATA` if its data
 * cannot be opened, `ENGINE_LISTEN` if the address cannot be bound.
 */
export async function startEngine(options: EngineOptions = {}): Promise<Engine> {
  const resolved = resolveOptions(options);
  const parts = await assemble(resolved);
  const lifecycle = new Lifecycle(parts);
  await lifecycle.listen(resolved);
  const { url, linkBase } = parts.services.address;
  return {
    url,
    authenticatorUrl: `${linkBase}/authenticator`,
    ...engineMethods(() => lifecycle.openServices()),
    close: async () => await lifecycle.close(),
  };
}
