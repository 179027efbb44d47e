import type { RateWindow } from './data/records.js';
import { LIMITS, type Limits } from './domain/limits.js';
import { LaunchKeyEngineError } from './errors.js';
import type { TlsOptions } from './http/tls.js';
import { type Logger, silent } from './observability/logger.js';
import { BACKOFF, type DeliveryOptions } from './outbound/delivery.js';
import { PUSH_BACKOFF, type PushOptions } from './outbound/push.js';
import { isLoopback, isNetwork } from './util/networks.js';
import { DEVELOPMENT_NETWORKS } from './util/outgoing-guard.js';

/** How many auth requests an application may make for one user. */
export interface RateLimit {
  /** All of them hold at once. Default: one in 5 seconds and three in 60. */
  windows: readonly RateWindow[];
}

/** How `startEngine` starts an engine. All of it may be left out. */
export interface EngineOptions {
  /** The port to listen on; 0 lets the system choose. Default: 0. */
  port?: number;
  /** The address to listen on. Default: `127.0.0.1`, reachable from this machine only. */
  host?: string;
  /**
   * Serves https with the certificate and key of these files, which are taken anew when they change.
   * Default: none, http is served.
   */
  tls?: TlsOptions;
  /** The address under which others reach the engine, for QR codes. Default: the engine's `url`. */
  publicUrl?: string;
  /**
   * Networks, as `ADDRESS/BITS`, of proxies in front of the engine: what these say of whom a request is
   * from (`X-Forwarded-For`), and how it is called (`X-Request-Id`), is believed. Default: none.
   */
  trustedProxies?: readonly string[];
  /** The file that the data is kept in (SQLite). Default: none, everything is in memory. */
  data?: string;
  /** `postgres://…`: the database that the data is kept in, which several engines may share. */
  databaseUrl?: string;
  /**
   * What encrypts the engine's own keys in the data: base64 of 32 bytes. Default: what `keyFile` holds.
   */
  key?: string;
  /** The file with that key. Default: beside `data` with `.key` at its end, made with it. */
  keyFile?: string;
  /** The engine's time in milliseconds since 1970. Default: `Date.now`. */
  clock?: () => number;
  /** How long an auth request can be answered, in milliseconds of engine time. Default: 300,000. */
  requestTtl?: number;
  /** `false` switches the limit off. Default: one request in 5 seconds, three in 60. */
  rateLimit?: false | RateLimit;
  /** How long a ping key decrypts after it was rotated, in milliseconds. Default: one day. */
  pingKeyGrace?: number;
  /**
   * Networks, as `ADDRESS/BITS`, that events may be sent to though they are not public: those of the
   * machine itself, of a company, of a cloud. Default: with a `host` that is this machine only, the
   * machine itself and private networks; otherwise none, since whoever names a callback URL could
   * make the engine call what only the engine reaches.
   */
  callbackNetworks?: readonly string[];
  /** How events are delivered. */
  delivery?: DeliveryOptions;
  /** How devices are woken by Web Push. */
  push?: PushOptions;
  /** Bounds on what clients can make grow. */
  limits?: Partial<Limits>;
  /** Where to report. Default: nowhere. */
  logger?: Logger;
}

type Optional = 'tls' | 'publicUrl' | 'data' | 'databaseUrl' | 'key' | 'keyFile';

export type ResolvedOptions = Required<
  Omit<EngineOptions, Optional | 'rateLimit' | 'limits' | 'push'>
> &
  Pick<EngineOptions, Optional> & {
    rateWindows: readonly RateWindow[];
    limits: Limits;
    push: PushOptions & Required<Pick<PushOptions, 'networks'>>;
  };

const DAY = 24 * 3_600_000;
const WINDOWS: readonly RateWindow[] = [
  { requests: 1, seconds: 5 },
  { requests: 3, seconds: 60 },
];
const KNOWN: readonly string[] = [
  'port',
  'host',
  'tls',
  'publicUrl',
  'trustedProxies',
  'data',
  'databaseUrl',
  'key',
  'keyFile',
  'clock',
  'requestTtl',
  'rateLimit',
  'pingKeyGrace',
  'callbackNetworks',
  'delivery',
  'push',
  'limits',
  'logger',
];

/** Carries what the command line needs to name the flag, variable or file that the option came from. */
export class InvalidOption extends LaunchKeyEngineError {
  readonly option: string;
  readonly expected: string;

  constructor(option: string, expected: string) {
    super('ENGINE_INVALID_OPTION', `The option ${option} must be ${expected}.`);
    this.option = option;
    this.expected = expected;
  }
}

/** Checks every option by name, so that a mistyped one is no silent default. */
export function resolveOptions(options: EngineOptions): ResolvedOptions {
  for (const name of Object.keys(options)) checkName(name);
  const { clock = Date.now, delivery = {} } = options;
  if (typeof clock !== 'function' || !Number.isFinite(clock())) {
    throw invalid('clock', 'a function that returns milliseconds');
  }
  return {
    port: integer('port', options.port ?? 0, 0, 65_535),
    host: text('host', options.host ?? '127.0.0.1'),
    tls: options.tls === undefined ? undefined : resolveTls(options.tls),
    publicUrl: resolvePublicUrl(options.publicUrl),
    trustedProxies: networks('trustedProxies', options.trustedProxies ?? []),
    ...resolveData(options),
    clock,
    requestTtl: integer('requestTtl', options.requestTtl ?? 300_000, 1, DAY),
    rateWindows: resolveRate(options.rateLimit),
    pingKeyGrace: integer('pingKeyGrace', options.pingKeyGrace ?? DAY, 0, 3650 * DAY),
    callbackNetworks: resolveNetworks(options),
    delivery: resolveDelivery(delivery),
    push: resolvePush(options.push ?? {}),
    limits: resolveLimits(options.limits ?? {}),
    logger: resolveLogger(options.logger ?? silent),
  };
}

function checkName(name: string): void {
  if (KNOWN.includes(name)) return;
  throw new LaunchKeyEngineError(
    'ENGINE_INVALID_OPTION',
    `There is no option ${JSON.stringify(name)}; there are ${KNOWN.join(', ')}.`,
  );
}

function resolveData({ data, databaseUrl, key, keyFile }: EngineOptions) {
  if (data !== undefined && databaseUrl !== undefined) {
    throw invalid('databaseUrl', 'left out where data names a file: one of them is enough');
  }
  if (databaseUrl !== undefined && !/^postgres(ql)?:\/\//.test(databaseUrl)) {
    // Not what came, which may hold a password.
    throw invalid('databaseUrl', 'a URL that begins with postgres://');
  }
  if (key !== undefined && keyFile !== undefined) {
    throw invalid('keyFile', 'left out where there is a key: one of them is enough');
  }
  if (key !== undefined && typeof key !== 'string') throw invalid('key', 'base64 of 32 bytes');
  return {
    data: data === undefined ? undefined : text('data', data),
    databaseUrl,
    key,
    keyFile: keyFile === undefined ? undefined : text('keyFile', keyFile),
  };
}

function resolveTls(tls: TlsOptions): TlsOptions {
  checkMembers('tls', tls, ['certFile', 'keyFile']);
  return {
    certFile: text('tls.certFile', tls.certFile),
    keyFile: text('tls.keyFile', tls.keyFile),
  };
}

function resolvePublicUrl(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && URL.canParse(value)) {
    const { protocol, username, password, search, hash, href } = new URL(value);
    const bare = !username && !password && !search && !hash;
    if (bare && /^https?:$/.test(protocol)) return href.replace(/[/?#]+$/, '');
  }
  throw invalid('publicUrl', 'an http or https URL without credentials, query and fragment');
}

function resolveLogger(logger: Logger): Logger {
  const methods = [logger.info, logger.warn, logger.error];
  if (methods.every((method) => typeof method === 'function')) return logger;
  throw invalid('logger', 'an object with the methods info, warn and error');
}

function resolveRate(rateLimit: EngineOptions['rateLimit']): readonly RateWindow[] {
  if (rateLimit === false) return [];
  if (rateLimit === undefined) return WINDOWS;
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

function resolveDelivery(delivery: DeliveryOptions): DeliveryOptions {
  checkMembers('delivery', delivery, ['backoff', 'timeout', 'concurrency']);
  const { backoff = BACKOFF, timeout = 10_000, concurrency = 256 } = delivery;
  if (!Array.isArray(backoff) || backoff.length === 0) {
    throw invalid('delivery.backoff', 'an array of milliseconds');
  }
  for (const wait of backoff) integer('delivery.backoff[]', wait, 0, DAY);
  integer('delivery.timeout', timeout, 1, 600_000);
  integer('delivery.concurrency', concurrency, 1, 10_000);
  return { backoff, timeout, concurrency };
}

function resolvePush(push: PushOptions): ResolvedOptions['push'] {
  checkMembers('push', push, ['networks', 'ca', 'backoff', 'timeout']);
  const { ca, backoff = PUSH_BACKOFF, timeout = 10_000 } = push;
  if (!Array.isArray(backoff) || backoff.length > 10) {
    throw invalid('push.backoff', 'an array of at most ten milliseconds');
  }
  for (const wait of backoff) integer('push.backoff[]', wait, 0, DAY);
  integer('push.timeout', timeout, 1, 600_000);
  return {
    networks: networks('push.networks', push.networks ?? []),
    ca: ca === undefined ? undefined : text('push.ca', ca),
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

function checkMembers(option: string, value: object | null, known: readonly string[]): void {
  const fits = typeof value === 'object' && value !== null;
  if (fits && Object.keys(value).every((name) => known.includes(name))) return;
  throw invalid(option, `an object of ${known.join(', ')}`);
}

function networks(name: string, value: readonly string[]): readonly string[] {
  const fits =
    Array.isArray(value) &&
    value.every((network) => typeof network === 'string' && isNetwork(network));
  if (fits) return value;
  throw invalid(name, 'an array of networks such as 10.0.0.0/8', value);
}

function integer(name: string, value: unknown, least: number, most: number): number {
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) {
    return value as number;
  }
  throw invalid(name, `a whole number from ${least} to ${most}`, value);
}

function text(name: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value;
  throw invalid(name, 'a non-empty text', value);
}

function invalid(name: string, expected: string, came?: unknown): InvalidOption {
  return new InvalidOption(
    name,
    came === undefined ? expected : `${expected}, not ${JSON.stringify(came)}`,
  );
}
