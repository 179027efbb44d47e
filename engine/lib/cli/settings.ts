import { Option } from 'commander';
import { RETENTION, type Retention } from '../data/retention.js';
import { LIMITS, type Limits } from '../domain/limits.js';

export type SettingKind = 'text' | 'number' | 'switch' | 'texts' | 'numbers' | 'rate limit';

/** One setting of `launchkey-engine start`. */
export interface Setting {
  /** Its name in the configuration file, and as an option of `startEngine`. */
  name: string;
  kind: SettingKind;
  /** The settings that people type have a flag. */
  flag?: string;
  help: string;
  /** A secret is not allowed in the configuration file. */
  secret?: true;
}

const LIMIT_HELP: Record<keyof Limits, string> = {
  pendingPerUser: 'open requests of one user',
  devicesPerUser: 'devices of one user',
  sessionsPerUserAndApp: 'sessions of one user with one application',
  deliveriesPerApp: 'waiting events of one application',
  whiteLabelUsersPerApp: 'white label users of one application',
  heldPolls: 'held polls at one time',
};

const RETENTION_HELP: Record<keyof Retention, string> = {
  receipts: 'receipts',
  audit: 'entries of the audit trail',
  sessions: 'sessions that were not ended',
};

/** The flags, the environment variables and the members of the configuration file. */
export const SETTINGS: readonly Setting[] = [
  { name: 'port', kind: 'number', flag: '--port <number>', help: 'port to listen on (8080)' },
  {
    name: 'host',
    kind: 'text',
    flag: '--host <address>',
    help: 'address to listen on (127.0.0.1)',
  },
  {
    name: 'tls.certFile',
    kind: 'text',
    flag: '--tls-cert <file>',
    help: 'certificate for https, followed by its intermediate certificates (PEM)',
  },
  {
    name: 'tls.keyFile',
    kind: 'text',
    flag: '--tls-key <file>',
    help: 'private key of the certificate (PEM)',
  },
  {
    name: 'metricsListen',
    kind: 'text',
    flag: '--metrics-listen <address:port>',
    help: 'address and port for /metrics, /healthz and /readyz alone',
  },
  {
    name: 'publicUrl',
    kind: 'text',
    flag: '--public-url <url>',
    help: 'URL under which applications and phones reach the engine',
  },
  {
    name: 'trustedProxies',
    kind: 'texts',
    flag: '--trusted-proxy <address/bits>',
    help: 'proxy whose X-Forwarded-For header is trusted',
  },
  {
    name: 'callbackNetworks',
    kind: 'texts',
    flag: '--callback-network <address/bits>',
    help: 'private network that events may be sent to',
  },
  {
    name: 'data',
    kind: 'text',
    flag: '--data <file>',
    help: 'data file; without it, all data is in memory',
  },
  {
    name: 'databaseUrl',
    kind: 'text',
    flag: '--database-url <url>',
    help: 'PostgreSQL database for the data',
  },
  {
    name: 'database.schema',
    kind: 'text',
    flag: '--database-schema <name>',
    help: "schema for the engine's tables",
  },
  {
    name: 'database.listenUrl',
    kind: 'text',
    flag: '--database-listen-url <url>',
    help: 'PostgreSQL itself, where the database URL leads to PgBouncer',
  },
  { name: 'database.poolSize', kind: 'number', help: 'connections to the database (10)' },
  {
    name: 'database.statementTimeout',
    kind: 'number',
    help: 'how long a statement may take, in ms (10000)',
  },
  {
    name: 'keyFile',
    kind: 'text',
    flag: '--key-file <file>',
    help: 'file with the key that protects the data (the data file with .key appended)',
  },
  { name: 'key', kind: 'text', secret: true, help: 'the key itself, instead of a file' },
  {
    name: 'virtualDevices',
    kind: 'switch',
    flag: '--virtual-devices',
    help: 'virtual devices although data is kept or a public URL is set, for tests',
  },
  {
    name: 'logLevel',
    kind: 'text',
    flag: '--log-level <level>',
    help: 'lowest level that is logged: info, warn, error or silent (info)',
  },
  {
    name: 'logLogins',
    kind: 'switch',
    flag: '--log-logins',
    help: 'log each answer of a user, with the user name',
  },
  { name: 'requestTtl', kind: 'number', help: 'how long a request can be answered, in ms' },
  { name: 'rateLimit', kind: 'rate limit', help: 'requests for one user and application' },
  { name: 'pingKeyGrace', kind: 'number', help: 'how long a rotated ping key decrypts, in ms' },
  { name: 'delivery.backoff', kind: 'numbers', help: 'waits before events are sent again, in ms' },
  { name: 'delivery.timeout', kind: 'number', help: 'timeout of an event, in ms' },
  { name: 'delivery.concurrency', kind: 'number', help: 'events that are sent at one time' },
  { name: 'push.networks', kind: 'texts', help: 'private networks of push services' },
  { name: 'push.ca', kind: 'text', help: 'certificates to trust for push services (PEM)' },
  { name: 'push.backoff', kind: 'numbers', help: 'waits before pushes are sent again, in ms' },
  { name: 'push.timeout', kind: 'number', help: 'timeout of a push, in ms' },
  ...Object.entries(RETENTION).map(
    ([name, value]): Setting => ({
      name: `retention.${name}`,
      kind: 'number',
      help: `how long ${RETENTION_HELP[name as keyof Retention]} are kept, in ms (${value})`,
    }),
  ),
  ...Object.entries(LIMITS).map(
    ([name, value]): Setting => ({
      name: `limits.${name}`,
      kind: 'number',
      help: `${LIMIT_HELP[name as keyof Limits]} (${value})`,
    }),
  ),
];

export const VARIABLE_PREFIX = 'LAUNCHKEY_ENGINE_';
export const LOG_LEVELS: readonly string[] = ['info', 'warn', 'error', 'silent'];

/** The flags of `start`. They have no defaults, since a variable or the file may set the value. */
export function settingFlags(): Option[] {
  return SETTINGS.flatMap((setting) => {
    if (setting.flag === undefined) return [];
    const isList = setting.kind === 'texts';
    const option = new Option(
      setting.flag,
      isList ? `${setting.help} (can be repeated)` : setting.help,
    );
    return isList ? option.argParser(collect) : option;
  });
}

/** The list of settings for `start --help`. */
export function settingsHelp(): string {
  const rows = SETTINGS.map((setting): [string, string, string] => {
    const { secret, name, help } = setting;
    return [secret ? '' : name, variableOf(setting) ?? '', flagOf(setting) ?? help];
  });
  const [nameWidth, variableWidth] = [0, 1].map((column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  ) as [number, number];
  const lines = rows.map(
    ([name, variable, help]) =>
      `  ${name.padEnd(nameWidth)}  ${variable.padEnd(variableWidth)}  ${help}`,
  );
  return `
A flag overrides an environment variable, and a variable overrides the JSON file that
--config or ${VARIABLE_PREFIX}CONFIG names. In the file, a dot stands for an object inside an
object. In a variable, commas separate several values.

  ${'in the file'.padEnd(nameWidth)}  ${'variable'.padEnd(variableWidth)}
${lines.join('\n')}`;
}

/** The flag without its argument, for example `--port`. */
export function flagOf({ flag }: Setting): string | undefined {
  return flag?.split(' ')[0];
}

/** `delivery.timeout` is `LAUNCHKEY_ENGINE_DELIVERY_TIMEOUT`. A rate limit has no variable. */
export function variableOf({ kind, name }: Setting): string | undefined {
  if (kind === 'rate limit') return undefined;
  return VARIABLE_PREFIX + name.replace('.', '_').replace(/[A-Z]/g, '_$&').toUpperCase();
}

/** Collects the values of a flag that can be repeated. */
export function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}
