import { readFile } from 'node:fs/promises';
import { Option } from 'commander';
import type { EngineOptions } from '../options.js';
import { CliError } from './cli-error.js';
import {
  flagOf,
  LOG_LEVELS,
  SETTINGS,
  type Setting,
  type SettingKind,
  VARIABLE_PREFIX,
  variableOf,
} from './settings.js';

/** Variables that are not settings: other code reads them. */
const OTHER_VARIABLES: readonly string[] = [`${VARIABLE_PREFIX}CONFIG`, `${VARIABLE_PREFIX}SOCKET`];

type Options = EngineOptions & { logLevel?: string };

/** The settings that were found. */
export interface Settings {
  options: Options;
  /** Names an option for a message: by the flag, variable or file that sets it, or that can. */
  nameOf(option: string): string;
}

/** Reads flags, environment variables and the configuration file, in this order of precedence. */
export async function readSettings(
  flags: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Settings> {
  const path =
    (flags.config as string | undefined) ?? (env[`${VARIABLE_PREFIX}CONFIG`] || undefined);
  const found = new Map<string, { value: unknown; source: string }>();
  if (path !== undefined) {
    for (const [name, value] of await readConfigFile(path)) {
      found.set(name, { value, source: `${name} in ${path}` });
    }
  }
  checkVariables(env);
  for (const setting of SETTINGS) {
    const variable = variableOf(setting);
    const text = variable && env[variable];
    // An empty variable counts as not set: many ways to start a process cannot remove one.
    if (text) found.set(setting.name, { value: parse(setting.kind, text), source: variable });
    const flag = setting.flag === undefined ? undefined : new Option(setting.flag);
    const given = flag && flags[flag.attributeName()];
    if (!flag || given === undefined) continue;
    const value = typeof given === 'string' ? parse(setting.kind, given) : given;
    found.set(setting.name, { value, source: flag.long ?? setting.name });
  }
  const options: Record<string, unknown> = {};
  for (const setting of SETTINGS) {
    const one = found.get(setting.name);
    if (!one) continue;
    checkKind(setting.kind, one.value, one.source);
    put(options, setting.name, one.value);
  }
  const settings: Settings = {
    options: options as Options,
    nameOf: (option) => {
      const setting = SETTINGS.find(
        ({ name }) =>
          option === name || option.startsWith(`${name}[`) || option.startsWith(`${name}.`),
      );
      return (setting && found.get(setting.name)?.source) ?? nameWithFlag(setting) ?? option;
    },
  };
  checkLogLevel(settings);
  return settings;
}

function checkLogLevel({ options, nameOf }: Settings): void {
  if (options.logLevel === undefined || LOG_LEVELS.includes(options.logLevel)) return;
  throw new CliError(`${nameOf('logLevel')} must be one of ${LOG_LEVELS.join(', ')}.`, 2);
}

function nameWithFlag(setting: Setting | undefined): string | undefined {
  if (!setting) return undefined;
  const flag = flagOf(setting);
  return flag === undefined ? setting.name : `${setting.name} (${flag})`;
}

/** Refuses unknown variables: a mistyped one must not leave the default in place. */
function checkVariables(env: Readonly<Record<string, string | undefined>>): void {
  const known = [...SETTINGS.map(variableOf), ...OTHER_VARIABLES];
  for (const name of Object.keys(env)) {
    if (!name.startsWith(VARIABLE_PREFIX) || known.includes(name)) continue;
    throw new CliError(
      `Unknown environment variable ${name}. "launchkey-engine start --help" lists the variables.`,
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
    throw new CliError(`Cannot read the configuration file ${path} (--config): ${error.code}.`);
  });
  try {
    return JSON.parse(text);
  } catch (error) {
    // The parser's own message quotes the file, which can hold a password.
    const [, position] = /position (\d+)/.exec((error as Error).message) ?? [];
    const line = text.slice(0, Number(position ?? text.length)).split('\n').length;
    throw new CliError(
      `The configuration file ${path} (--config) is not valid JSON: see line ${line}.`,
      2,
    );
  }
}

/** Adds all settings below `value` to `found`, by their full names. */
function gather(path: string, prefix: string, value: unknown, found: Map<string, unknown>): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const what =
      prefix === ''
        ? `The configuration file ${path} (--config)`
        : `${prefix.slice(0, -1)} in ${path}`;
    throw new CliError(`${what} must be a JSON object.`, 2);
  }
  const known = SETTINGS.filter(({ secret }) => !secret).map(({ name }) => name);
  for (const [member, one] of Object.entries(value)) {
    const name = prefix + member;
    if (known.includes(name)) found.set(name, one);
    else if (known.some((other) => other.startsWith(`${name}.`))) {
      gather(path, `${name}.`, one, found);
    } else {
      throw new CliError(
        `Unknown setting ${JSON.stringify(name)} in the configuration file ${path} (--config). The settings are ${known.join(', ')}.`,
        2,
      );
    }
  }
}

/** Reads a flag or variable. A value that does not parse stays a string, which `checkKind` refuses. */
function parse(kind: SettingKind, text: string): unknown {
  const number = (part: string) => (/^\d{1,15}$/.test(part) ? Number(part) : part);
  const parts = () => text.split(',').map((part) => part.trim());
  if (kind === 'number') return number(text);
  if (kind === 'switch') return { true: true, false: false }[text] ?? text;
  if (kind === 'texts') return parts();
  if (kind === 'numbers') return parts().map(number);
  return text;
}

const CHECKS: Record<SettingKind, [(value: unknown) => boolean, string]> = {
  text: [isText, 'a non-empty string'],
  number: [Number.isInteger, 'a whole number'],
  switch: [(value) => typeof value === 'boolean', 'true or false'],
  texts: [(value) => Array.isArray(value) && value.every(isText), 'a list of strings'],
  numbers: [
    (value) => Array.isArray(value) && value.every(Number.isInteger),
    'a list of whole numbers',
  ],
  // The engine checks it.
  'rate limit': [() => true, ''],
};

/** The message omits the value, which can be a misplaced secret. */
function checkKind(kind: SettingKind, value: unknown, source: string): void {
  const [fits, expected] = CHECKS[kind];
  if (!fits(value)) throw new CliError(`${source} must be ${expected}.`, 2);
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function put(options: Record<string, unknown>, name: string, value: unknown): void {
  const [group = '', member] = name.split('.');
  if (member === undefined) options[group] = value;
  else options[group] = { ...(options[group] as object), [member]: value };
}
