import type { RotateOptions } from '../domain/rotation.js';
import type { AuditFilter, Engine } from '../engine.js';

/** The commands that a running engine takes over its socket. The engine itself checks the arguments. */
export const COMMANDS = {
  createApp: (engine: Engine, [options]: unknown[]) =>
    engine.createApp(options as Parameters<Engine['createApp']>[0]),
  apps: (engine: Engine) => engine.apps(),
  disableApp: (engine: Engine, [appKey]: unknown[]) => engine.disableApp(appKey as string),
  enableApp: (engine: Engine, [appKey]: unknown[]) => engine.enableApp(appKey as string),
  rotateApp: (engine: Engine, [appKey, options]: unknown[]) =>
    engine.rotateApp(appKey as string, options as RotateOptions),
  deleteApp: (engine: Engine, [appKey]: unknown[]) => engine.deleteApp(appKey as string),
  createUser: (engine: Engine, [name, options]: unknown[]) =>
    engine.createUser(name as string, options as { device?: boolean }),
  users: (engine: Engine) => engine.users(),
  suspendUser: (engine: Engine, [name]: unknown[]) => engine.suspendUser(name as string),
  resumeUser: (engine: Engine, [name]: unknown[]) => engine.resumeUser(name as string),
  deleteUser: (engine: Engine, [name]: unknown[]) => engine.deleteUser(name as string),
  deorbit: async (engine: Engine, [name, appKey]: unknown[]) =>
    (await engine.deorbit(name as string, appKey as string | undefined)).length,
  endPause: (engine: Engine, [name]: unknown[]) => engine.endPause(name as string),
  pairDevice: (engine: Engine, [name]: unknown[]) => engine.pairDevice(name as string),
  devices: (engine: Engine, [name]: unknown[]) => engine.devices(name as string),
  unpairDevice: (engine: Engine, [name, id]: unknown[]) =>
    engine.unpairDevice(name as string, id as string),
  audit: (engine: Engine, [filter]: unknown[]) => engine.audit(readFilter(filter)),
  receipt: async (engine: Engine, [authRequest]: unknown[]) =>
    (await engine.receipt(authRequest as string)) ?? null,
  exportUser: (engine: Engine, [name]: unknown[]) => engine.exportUser(name as string),
  doctor: (engine: Engine) => engine.doctor(),
  status: (engine: Engine) => engine.status(),
  rotatePingKey: (engine: Engine) => engine.rotatePingKey(),
};

/** Times arrive as JSON strings. */
function readFilter(filter: unknown): AuditFilter {
  const { since, until, ...rest } = (filter ?? {}) as Record<string, unknown>;
  return {
    ...rest,
    ...(since !== undefined && { since: new Date(since as string) }),
    ...(until !== undefined && { until: new Date(until as string) }),
  };
}

export type CommandName = keyof typeof COMMANDS;
export type CommandResult<Name extends CommandName> = Awaited<ReturnType<(typeof COMMANDS)[Name]>>;

export function isCommand(name: unknown): name is CommandName {
  return typeof name === 'string' && Object.hasOwn(COMMANDS, name);
}
