import { readFile } from 'node:fs/promises';
import { Option } from 'commander';
import { LIMITS, type Limits } from '../domain/limits.js';
import type { EngineOptions } from '../options.js';
import { CliFault } from './fault.js';

type Kind = 'text' | 'number' | 'texts' | 'numbers' | 'rate limit';

/** One thing that an engine is started with. */
interface Setting {
  /** How it is called in the file, and as an option of `startEngine`. */
  name: string;
  kind: Kind;
  /** Only what people set by hand has a flag. */
  flag?: string;
  help: string;
  /** Not in the file, which is not kept as a secret is. */
  secret?: true;
}

const LIMIT_HELP: Record<keyof Limits, string> = {
  pendingPerUser: 'open requests of one user',
  devicesPerUser: 'devices of one user',
  sessionsPerUserAndApp: 'sessions of one user with one application',
  deliveriesPerApp: 'events that wait for one application',
  whiteLabelUsersPerApp: 'white label users of one application',
  heldPolls: 'polls held at one time',
};

/** From here come the flags, the variables and what may stand in the file. */
const SETTINGS: readonly Setting[] = [
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
    help: 'certificate to serve https with, and the ones that lead to it (PEM)',
  },
  {
    name: 'tls.keyFile',
    kind: 'text',
    flag: '--tls-key <file>',
    help: 'private key of that certificate (PEM)',
  },
  {
    name: 'publicUrl',
    kind: 'text',
    flag: '--public-url <url>',
    help: 'address under which others reach the engine',
  },
  {
    name: 'trustedProxies',
    kind: 'texts',
    flag: '--trusted-proxy <address/bits>',
    help: 'proxy that is believed who a request is from',
  },
  {
    name: 'callbackNetworks',
    kind: 'texts',
    flag: '--callback-network <address/bits>',
    help: 'network, not public, that events may be sent to',
  },
  {
    name: 'data',
    kind: 'text',
    flag: '--data <file>',
    help: 'file that the data is kept in; without it, memory',
  },
  {
    name: 'databaseUrl',
    kind: 'text',
    flag: '--database-url <url>',
    help: 'PostgreSQL database that the data is kept in',
  },
  {
    name: 'keyFile',
    kind: 'text',
    flag: '--key-file <file>',
    help: 'file with the key that protects the data (beside --data)',
  },
  { name: 'key', kind: 'text', secret: true, help: 'that key itself, in place of a file' },
  {
    name: 'logLevel',
    kind: 'text',
    flag: '--log-level <level>',
    help: 'least that is logged: info, warn, error or silent (info)',
  },
  { name: 'requestTtl', kind: 'number', help: 'how long a request can be answered, in ms' },
  { name: 'rateLimit', kind: 'rate limit', help: 'requests for one user of one application' },
  { name: 'pingKeyGrace', kind: 'number', help: 'how long a rotated key decrypts, in ms' },
  { name: 'delivery.backoff', kind: 'numbers', help: 'pauses before events are sent again, in ms' },
  { name: 'delivery.timeout', kind: 'number', help: 'how long an application may take, in ms' },
  { name: 'delivery.concurrency', kind: 'number', help: 'events under way at one time' },
  { name: 'push.networks', kind: 'texts', help: 'networks, not public, of push services' },
  { name: 'push.ca', kind: 'text', help: 'certificates to trust of push services (PEM)' },
  { name: 'push.backoff', kind: 'numbers', help: 'pauses before pushes are sent again, in ms' },
  { name: 'push.timeout', kind: 'number', help: 'how long a push service may take, in ms' },
  ...Object.entries(LIMITS).map(
    ([name, value]): Setting => ({
      name: `limits.${name}`,
      kind: 'number',
      help: `${LIMIT_HELP[name as keyof Limits]} (${value})`,
    }),
  ),
];

const PREFIX = 'LAUNCHKEY_ENGINE_';
/** Read elsewhere: by this module to find the file, and by all commands to find the engine. */
const OTHER_VARIABLES: readonly string[] = [`${PREFIX}CONFIG`, `${PREFIX}SOCKET`];
export const LOG_LEVELS: readonly string[] = ['info', 'warn', 'error', 'silent'];

type Options = EngineOptions & { logLevel?: string };

/** What was set, and for messages where each of it was. */
export interface Settings {
  options: Options;
  /** How a message names an option: by where it was set, else by how it can be. */
  place(option: string): string;
}

/** The flags of the table, without defaults: what is not given may stand elsewhere. */
export function settingFlags(): Option[] {
  return SETTINGS.flatMap((setting) => {
    if (setting.flag === undefined) return [];
    const several = setting.kind === 'texts';
    const option = new Option(setting.flag, several ? `${setting.help} (repeat it)` : setting.help);
    return several ? option.argParser(collect) : option;
  });
}

/** For `start --help`. */
export function settingsHelp(): string {
  const rows = SETTINGS.map((setting): [string, string, string] => {
    const { secret, name, help } = setting;
    return [secret ? '' : name, variableOf(setting) ?? '', flagOf(setting) ?? help];
  });
  const [first, second] = [0, 1].map((column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  ) as [number, number];
  const lines = rows.map(
    ([name, variable, help]) => `  ${name.padEnd(first)}  ${variable.padEnd(second)}  ${help}`,
  );
  return `
Settings come from flags, else from variables, else from the JSON file that --config or
${PREFIX}CONFIG names, where a dot is an object in an object. A variable with several
values has commas between them.

  ${'in the file'.padEnd(first)}  ${'variable'.padEnd(second)}
${lines.join('\n')}`;
}

/** Flags come before variables, and variables before the file. */
export async function readSettings(
  flags: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Settings> {
  const path = (flags.config as string | undefined) ?? (env[`${PREFIX}CONFIG`] || undefined);
  const found = new Map<string, { value: unknown; place: string }>();
  if (path !== undefined) {
    for (const [name, value] of await readConfigFile(path)) {
      found.set(name, { value, place: `${name} in ${path}` });
    }
  }
  checkVariables(env);
  for (const setting of SETTINGS) {
    const variable = variableOf(setting);
    const text = variable && env[variable];
    // Set to nothing is how many ways of starting a process leave a variable out.
    if (text) found.set(setting.name, { value: parse(setting.kind, text), place: variable });
    const flag = setting.flag === undefined ? undefined : new Option(setting.flag);
    const given = flag && flags[flag.attributeName()];
    if (!flag || given === undefined) continue;
    const value = typeof given === 'string' ? parse(setting.kind, given) : given;
    found.set(setting.name, { value, place: flag.long ?? setting.name });
  }
  const options: Record<string, unknown> = {};
  for (const setting of SETTINGS) {
    const one = found.get(setting.name);
    if (!one) continue;
    checkKind(setting.kind, one.value, one.place);
    put(options, setting.name, one.value);
  }
  const settings: Settings = {
    options: options as Options,
    place: (option) => {
      const setting = SETTINGS.find(
        ({ name }) =>
          option === name || option.startsWith(`${name}[`) || option.startsWith(`${name}.`),
      );
      return (setting && found.get(setting.name)?.place) ?? waysOf(setting) ?? option;
    },
  };
  checkLogLevel(settings);
  return settings;
}

function checkLogLevel({ options, place }: Settings): void {
  if (options.logLevel === undefined || LOG_LEVELS.includes(options.logLevel)) return;
  throw new CliFault(`${place('logLevel')} must be one of ${LOG_LEVELS.join(', ')}.`, 2);
}

function waysOf(setting: Setting | undefined): string | undefined {
  if (!setting) return undefined;
  const flag = flagOf(setting);
  return flag === undefined ? setting.name : `${setting.name} (${flag})`;
}

function flagOf({ flag }: Setting): string | undefined {
  return flag?.split(' ')[0];
}

/** `delivery.timeout` is `LAUNCHKEY_ENGINE_DELIVERY_TIMEOUT`; a rate limit fits no variable. */
function variableOf({ kind, name }: Setting): string | undefined {
  if (kind === 'rate limit') return undefined;
  return PREFIX + name.replace('.', '_').replace(/[A-Z]/g, '_$&').toUpperCase();
}

/** A mistyped variable must not be a silent default. */
function checkVariables(env: Readonly<Record<string, string | undefined>>): void {
  const known = SETTINGS.map(variableOf);
  for (const name of Object.keys(env)) {
    if (!name.startsWith(PREFIX) || known.includes(name) || OTHER_VARIABLES.includes(name))
      continue;
    throw new CliFault(
      `The engine knows no variable ${name}: "launchkey-engine start --help" lists those that there are.`,
      2,
    );
  }
}

async function readConfigFile(path: string): Promise<Map<string, unknown>> {
  const found = new Map<string, unknown>();
  gather(path, '', await readJson(path), found);
  return found;
}

async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new CliFault(`The file ${path} (--config) cannot be read: ${error.code}.`);
  });
  try {
    return JSON.parse(text);
  } catch (error) {
    // Not the message itself, which quotes the file: there may be a password in it.
    const [, position] = /position (\d+)/.exec((error as Error).message) ?? [];
    const line = text.slice(0, Number(position ?? text.length)).split('\n').length;
    throw new CliFault(`The file ${path} (--config) is not JSON: look at line ${line}.`, 2);
  }
}

/** All settings below `value`, by their whole names. */
function gather(path: string, prefix: string, value: unknown, found: Map<string, unknown>): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const what =
      prefix === '' ? `The file ${path} (--config)` : `${prefix.slice(0, -1)} in ${path}`;
    throw new CliFault(`${what} must be a JSON object.`, 2);
  }
  const known = SETTINGS.filter(({ secret }) => !secret).map(({ name }) => name);
  for (const [member, one] of Object.entries(value)) {
    const name = prefix + member;
    if (known.includes(name)) found.set(name, one);
    else if (known.some((other) => other.startsWith(`${name}.`))) {
      gather(path, `${name}.`, one, found);
    } else {
      throw new CliFault(
        `The file ${path} (--config) names ${JSON.stringify(name)}, which is no setting; there are ${known.join(', ')}.`,
        2,
      );
    }
  }
}

/** What a text of the command line or the environment says; what it does not fit, stays a text. */
function parse(kind: Kind, text: string): unknown {
  const number = (part: string) => (/^\d{1,15}$/.test(part) ? Number(part) : part);
  const parts = () => text.split(',').map((part) => part.trim());
  if (kind === 'number') return number(text);
  if (kind === 'texts') return parts();
  if (kind === 'numbers') return parts().map(number);
  return text;
}

const FITS: Record<Kind, [(value: unknown) => boolean, string]> = {
  text: [isText, 'a text'],
  number: [Number.isInteger, 'a whole number'],
  texts: [(value) => Array.isArray(value) && value.every(isText), 'a list of texts'],
  numbers: [
    (value) => Array.isArray(value) && value.every(Number.isInteger),
    'a list of whole numbers',
  ],
  // Looked at by whoever uses it.
  'rate limit': [() => true, ''],
};

/** Never says what came: it may be a secret that was put in the wrong place. */
function checkKind(kind: Kind, value: unknown, place: string): void {
  const [fits, expected] = FITS[kind];
  if (!fits(value)) throw new CliFault(`${place} must be ${expected}.`, 2);
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function put(options: Record<string, unknown>, name: string, value: unknown): void {
  const [group = '', member] = name.split('.');
  if (member === undefined) options[group] = value;
  else options[group] = { ...(options[group] as object), [member]: value };
}

/** Of a flag that may be repeated. */
export function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}
