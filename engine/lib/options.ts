import type { DatabaseOptions } from './data/database-options.js';
import type { RateWindow } from './data/ports/rates.js';
import type { Retention } from './data/retention.js';
import type { Limits } from './domain/limits.js';
import type { TlsOptions } from './http/tls.js';
import type { Logger } from './observability/logger.js';
import type { DeliveryOptions } from './outbound/delivery.js';
import type { PushOptions } from './outbound/push.js';

/** How many auth requests may be made for one user. */
export interface RateLimit {
  /**
   * The windows, which all apply at once. Each known browser of an application has them for itself. All
   * other requests to a user share them, over all applications. Default: one request in 5 seconds and
   * three in 60 seconds.
   */
  windows: readonly RateWindow[];
}

/** The options of {@link startEngine}. All of them are optional. */
export interface EngineOptions {
  /** Port to listen on. 0 lets the system choose one. Default: 0. */
  port?: number;
  /**
   * Address to listen on. Default: `127.0.0.1`, which only this machine reaches. Virtual devices are
   * served on loopback addresses only.
   */
  host?: string;
  /**
   * Certificate and private key for https. The engine reads the files again when they change. Default:
   * none, the engine serves http.
   */
  tls?: TlsOptions;
  /**
   * Address and port for `/metrics`, `/healthz` and `/readyz` alone, as `ADDRESS:PORT`, for example
   * `127.0.0.1:9464`. The other port then serves no `/metrics`. It is always http. Default: none, all of
   * them are served on `port`.
   */
  metricsListen?: string;
  /**
   * Whether each answer of a user is logged as one `info` line, with user name, application and outcome.
   * Default: `false`, because user names are personal data.
   */
  logLogins?: boolean;
  /**
   * URL under which applications and phones reach the engine, a path included. Pairing links and QR
   * codes lead there, and phones sign it. Default: the engine's `url`.
   */
  publicUrl?: string;
  /**
   * Networks of the proxies in front of the engine, each as `ADDRESS/BITS` or one address. Their
   * `X-Forwarded-For` and `X-Request-Id` headers are trusted. Default: none.
   */
  trustedProxies?: readonly string[];
  /**
   * Path of the data file (SQLite), which is created where it does not exist. Excludes `databaseUrl`.
   * Default: none, all data is in memory and ends with the engine.
   */
  data?: string;
  /**
   * `postgres://…` URL of the database. Several engines can share one; all of them need the same `key`.
   * Excludes `data`. Default: none.
   */
  databaseUrl?: string;
  /** How the engine uses the database of `databaseUrl`. Default: see {@link DatabaseOptions}. */
  database?: DatabaseOptions;
  /**
   * Key that encrypts the engine's own keys in the data: base64 of 32 bytes. Excludes `keyFile`.
   * Default: the content of `keyFile`.
   */
  key?: string;
  /**
   * Path of the file that holds the key. Default: the path of `data` with `.key` appended; the engine
   * creates that file together with the data file. With `databaseUrl` there is no default.
   */
  keyFile?: string;
  /**
   * Returns the engine's time in milliseconds since 1970. Tests can move the time with it. Default:
   * `Date.now`.
   */
  clock?: () => number;
  /**
   * How long an auth request can be answered, in milliseconds of engine time, at most one day. Default:
   * 300,000.
   */
  requestTtl?: number;
  /**
   * Limits the auth requests for one user. Requests that no approval follows wait longer and longer, up
   * to an hour, and unknown browsers have 100 of them in 24 hours. A refused call gets message code 40436
   * and `Retry-After`. `false` switches all of it off. Default: see {@link RateLimit.windows}.
   */
  rateLimit?: false | RateLimit;
  /**
   * How long a ping key decrypts envelopes after its rotation, in milliseconds. Default: 86,400,000 (one
   * day).
   */
  pingKeyGrace?: number;
  /**
   * Networks that events may be sent to although they are not public, each as `ADDRESS/BITS` or one
   * address. Default: loopback and private networks if `host` is a loopback address, else none, because
   * a callback URL could name a service that only the engine reaches.
   */
  callbackNetworks?: readonly string[];
  /**
   * How long receipts, the audit trail and LaunchKey sessions are kept, each in milliseconds. Default: 400,
   * 400 and 90 days, see {@link Retention}.
   */
  retention?: Partial<Retention>;
  /** Delivery of events to applications. Default: see {@link DeliveryOptions}. */
  delivery?: DeliveryOptions;
  /** Delivery of Web Push messages to phones. Default: see {@link PushOptions}. */
  push?: PushOptions;
  /**
   * Whether users without a phone have a virtual device: a device inside the engine, for tests and
   * demos. Every connection from the engine's own machine can answer with it, also one that a forwarder
   * has made for another machine. Default: on for an engine without `publicUrl`, `data` and
   * `databaseUrl`, else off.
   */
  virtualDevices?: boolean;
  /** Limits on what clients can store. Default: see {@link Limits}. */
  limits?: Partial<Limits>;
  /** Receives log lines, for example a pino logger. Default: none, the engine logs nothing. */
  logger?: Logger;
}

type OptionalOption =
  | 'tls'
  | 'metricsListen'
  | 'publicUrl'
  | 'data'
  | 'databaseUrl'
  | 'key'
  | 'keyFile'
  | 'database';

/** Where a second server listens. */
export interface ListenAddress {
  host: string;
  port: number;
}

/** The options after their checks, with defaults filled in. */
export type ResolvedOptions = Required<
  Omit<EngineOptions, OptionalOption | 'rateLimit' | 'limits' | 'push' | 'retention'>
> &
  Pick<EngineOptions, OptionalOption> & {
    metricsAddress: ListenAddress | undefined;
    rateWindows: readonly RateWindow[];
    limits: Limits;
    retention: Retention;
    push: PushOptions & Required<Pick<PushOptions, 'networks'>>;
  };
