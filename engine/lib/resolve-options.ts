import type { RateWindow } from './data/ports/rates.js';
import { RETENTION, type Retention } from './data/retention.js';
import { LIMITS, type Limits } from './domain/limits.js';
import { LaunchKeyEngineError } from './errors.js';
import type { TlsOptions } from './http/tls.js';
import { type Logger, silent } from './observability/logger.js';
import type { EngineOptions, ListenAddress, RateLimit, ResolvedOptions } from './options.js';
import { BACKOFF, type DeliveryOptions } from './outbound/delivery.js';
import { PUSH_BACKOFF, type PushOptions } from './outbound/push.js';
import { isLoopback, isNetwork } from './util/networks.js';
import { DEVELOPMENT_NETWORKS } from './util/outgoing-guard.js';

const DAY_MS = 24 * 3_600_000;
/** Shorter than an hour, records would end before those who need them have asked. */
const MIN_RETENTION_MS = 3_600_000;
const DEFAULT_WINDOWS: readonly RateWindow[] = [
  { requests: 1, seconds: 5 },
  { requests: 3, seconds: 60 },
];
const OPTION_NAMES: readonly string[] = [
  'port',
  'host',
  'tls',
  'metricsListen',
  'logLogins',
  'publicUrl',
  'trustedProxies',
  'data',
  'databaseUrl',
  'database',
  'key',
  'keyFile',
  'clock',
  'requestTtl',
  'rateLimit',
  'pingKeyGrace',
  'callbackNetworks',
  'delivery',
  'push',
  'virtualDevices',
  'limits',
  'retention',
  'logger',
];

/** The command line words `expected` again, with the flag, variable or file that set the option. */
export class InvalidOption extends LaunchKeyEngineError {
  readonly option: string;
  readonly expected: string;

  constructor(option: string, expected: string) {
    super('ENGINE_INVALID_OPTION', `The option ${option} must be ${expected}.`);
    this.option = option;
    this.expected = expected;
  }
}

/**
 * Checks all options and fills in their defaults. An unknown name is an error: a mistyped option must
 * not leave the default in place.
 */
export function resolveOptions(options: EngineOptions): ResolvedOptions {
  for (const name of Object.keys(options)) checkName(name);
  const { clock = Date.now, delivery = {} } = options;
  if (typeof clock !== 'function' || !Number.isFinite(clock())) {
    throw invalid('clock', 'a function that returns milliseconds');
  }
  return {
    port: integer('port', options.port ?? 0, 0, 65_535),
    host: nonEmptyString('host', options.host ?? '127.0.0.1'),
    tls: options.tls === undefined ? undefined : resolveTls(options.tls),
    metricsAddress: resolveListen('metricsListen', options.metricsListen),
    logLogins: boolean('logLogins', options.logLogins ?? false),
    publicUrl: resolvePublicUrl(options.publicUrl),
    trustedProxies: networks('trustedProxies', options.trustedProxies ?? []),
    ...resolveData(options),
    database: resolveDatabase(options),
    clock,
    requestTtl: integer('requestTtl', options.requestTtl ?? 300_000, 1, DAY_MS),
    rateWindows: resolveRate(options.rateLimit),
    pingKeyGrace: integer('pingKeyGrace', options.pingKeyGrace ?? DAY_MS, 0, 3650 * DAY_MS),
    callbackNetworks: resolveNetworks(options),
    delivery: resolveDelivery(delivery),
    push: resolvePush(options.push ?? {}),
    virtualDevices: resolveVirtualDevices(options),
    limits: resolveLimits(options.limits ?? {}),
    retention: resolveRetention(options.retention ?? {}),
    logger: resolveLogger(options.logger ?? silent),
  };
}

function checkName(name: string): void {
  if (OPTION_NAMES.includes(name)) return;
  throw new LaunchKeyEngineError(
    'ENGINE_INVALID_OPTION',
    `Unknown option ${JSON.stringify(name)}. The options are ${OPTION_NAMES.join(', ')}.`,
  );
}

function resolveDatabase({ database, databaseUrl }: EngineOptions): EngineOptions['database'] {
  if (database === undefined) return undefined;
  checkMembers('database', database, ['schema', 'poolSize', 'listenUrl', 'statementTimeout']);
  if (databaseUrl === undefined) throw invalid('database', 'omitted without databaseUrl');
  const { schema, poolSize, listenUrl, statementTimeout } = database;
  if (schema !== undefined && !/^[a-z_][a-z0-9_]{0,62}$/.test(schema)) {
    throw invalid('database.schema', 'a name of lower case letters, digits and _', schema);
  }
  if (poolSize !== undefined) integer('database.poolSize', poolSize, 2, 1000);
  if (listenUrl !== undefined && !/^postgres(ql)?:\/\//.test(listenUrl)) {
    throw invalid('database.listenUrl', 'a URL that begins with postgres://');
  }
  if (statementTimeout !== undefined) {
    integer('database.statementTimeout', statementTimeout, 100, 600_000);
  }
  return database;
}

function resolveData({ data, databaseUrl, key, keyFile }: EngineOptions) {
  if (data !== undefined && databaseUrl !== undefined) {
    throw invalid('databaseUrl', 'omitted when data names a file. Use one of them');
  }
  if (databaseUrl !== undefined && !/^postgres(ql)?:\/\//.test(databaseUrl)) {
    // The message omits the value, which can hold a password.
    throw invalid('databaseUrl', 'a URL that begins with postgres://');
  }
  if (key !== undefined && keyFile !== undefined) {
    throw invalid('keyFile', 'omitted when key is set. Use one of them');
  }
  if (key !== undefined && typeof key !== 'string') throw invalid('key', 'base64 of 32 bytes');
  return {
    data: data === undefined ? undefined : nonEmptyString('data', data),
    databaseUrl,
    key,
    keyFile: keyFile === undefined ? undefined : nonEmptyString('keyFile', keyFile),
  };
}

function resolveTls(tls: TlsOptions): TlsOptions {
  checkMembers('tls', tls, ['certFile', 'keyFile']);
  return {
    certFile: nonEmptyString('tls.certFile', tls.certFile),
    keyFile: nonEmptyString('tls.keyFile', tls.keyFile),
  };
}

function resolveListen(name: string, value: unknown): ListenAddress | undefined {
  if (value === undefined) return undefined;
  const [, ipv6, name4, port = ''] = /^(?:\[(.+)\]|([^:]+)):(\d{1,5})$/.exec(String(value)) ?? [];
  const host = ipv6 ?? name4;
  if (host !== undefined && Number(port) <= 65_535) return { host, port: Number(port) };
  throw invalid(name, 'an address and a port such as 127.0.0.1:9464', value);
}

function boolean(name: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw invalid(name, 'true or false', value);
}

function resolvePublicUrl(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && URL.canParse(value)) {
    const { protocol, username, password, search, hash, href } = new URL(value);
    const bare = !username && !password && !search && !hash;
    if (bare && /^https?:$/.test(protocol)) return href.replace(/[/?#]+$/, '');
  }
  throw invalid('publicUrl', 'an http or https URL without credentials, query or fragment');
}

function resolveLogger(logger: Logger): Logger {
  const methods = [logger.info, logger.warn, logger.error];
  if (methods.every((method) => typeof method === 'function')) return logger;
  throw invalid('logger', 'an object with the methods info, warn and error');
}

function resolveRate(rateLimit: EngineOptions['rateLimit']): readonly RateWindow[] {
  if (rateLimit === false) return [];
  if (rateLimit === undefined) return DEFAULT_WINDOWS;
  const windows: unknown = (rateLimit as Partial<RateLimit> | null)?.windows;
  if (!Array.isArray(windows) || windows.length === 0) {
    throw invalid('rateLimit', 'false or { windows: [{ requests, seconds }, …] }');
  }
  checkMembers('rateLimit', rateLimit, ['windows']);
  for (const window of windows as RateWindow[]) {
    checkMembers('rateLimit.windows[]', window, ['requests', 'seconds']);
    integer('rateLimit.windows[].requests', window.requests, 1, 100_000);
    integer('rateLimit.windows[].seconds', window.seconds, 1, 86_400);
  }
  return windows as RateWindow[];
}

function resolveNetworks({ callbackNetworks, host = '127.0.0.1' }: EngineOptions) {
  if (callbackNetworks === undefined) {
    return host === 'localhost' || isLoopback(host) ? DEVELOPMENT_NETWORKS : [];
  }
  return networks('callbackNetworks', callbackNetworks);
}

/** On only if the data does not last and the engine has no public URL. */
function resolveVirtualDevices(options: EngineOptions): boolean {
  const { publicUrl, data, databaseUrl } = options;
  const { virtualDevices = (publicUrl ?? data ?? databaseUrl) === undefined } = options;
  if (typeof virtualDevices === 'boolean') return virtualDevices;
  throw invalid('virtualDevices', 'true or false');
}

function resolveDelivery(delivery: DeliveryOptions): DeliveryOptions {
  checkMembers('delivery', delivery, ['backoff', 'timeout', 'concurrency']);
  const { backoff = BACKOFF, timeout = 10_000, concurrency = 256 } = delivery;
  if (!Array.isArray(backoff) || backoff.length === 0) {
    throw invalid('delivery.backoff', 'a non-empty array of milliseconds');
  }
  for (const wait of backoff) integer('delivery.backoff[]', wait, 0, DAY_MS);
  integer('delivery.timeout', timeout, 1, 600_000);
  integer('delivery.concurrency', concurrency, 1, 10_000);
  return { backoff, timeout, concurrency };
}

function resolvePush(push: PushOptions): ResolvedOptions['push'] {
  checkMembers('push', push, ['networks', 'ca', 'backoff', 'timeout']);
  const { ca, backoff = PUSH_BACKOFF, timeout = 10_000 } = push;
  if (!Array.isArray(backoff) || backoff.length > 10) {
    throw invalid('push.backoff', 'an array of at most 10 numbers of milliseconds');
  }
  for (const wait of backoff) integer('push.backoff[]', wait, 0, DAY_MS);
  integer('push.timeout', timeout, 1, 600_000);
  return {
    networks: networks('push.networks', push.networks ?? []),
    ca: ca === undefined ? undefined : nonEmptyString('push.ca', ca),
    backoff,
    timeout,
  };
}

function resolveLimits(limits: Partial<Limits>): Limits {
  checkMembers('limits', limits, Object.keys(LIMITS));
  for (const [name, value] of Object.entries(limits)) {
    integer(`limits.${name}`, value, 1, 10_000_000);
  }
  return { ...LIMITS, ...limits };
}

function resolveRetention(retention: Partial<Retention>): Retention {
  checkMembers('retention', retention, Object.keys(RETENTION));
  for (const [name, value] of Object.entries(retention)) {
    integer(`retention.${name}`, value, MIN_RETENTION_MS, 36_500 * DAY_MS);
  }
  return { ...RETENTION, ...retention };
}

function checkMembers(option: string, value: object | null, known: readonly string[]): void {
  const fits = typeof value === 'object' && value !== null;
  if (fits && Object.keys(value).every((name) => known.includes(name))) return;
  throw invalid(option, `an object with the members ${known.join(', ')}`);
}

function networks(name: string, value: readonly string[]): readonly string[] {
  const fits =
    Array.isArray(value) &&
    value.every((network) => typeof network === 'string' && isNetwork(network));
  if (fits) return value;
  throw invalid(name, 'an array of networks such as 10.0.0.0/8', value);
}

function integer(name: string, value: unknown, min: number, max: number): number {
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) {
    return value as number;
  }
  throw invalid(name, `a whole number from ${min} to ${max}`, value);
}

function nonEmptyString(name: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value;
  throw invalid(name, 'a non-empty string', value);
}

function invalid(name: string, expected: string, received?: unknown): InvalidOption {
  return new InvalidOption(
    name,
    received === undefined ? expected : `${expected}, not ${JSON.stringify(received)}`,
  );
}
