import { type KeyObject, X509Certificate } from 'node:crypto';
import type { Agent } from 'node:http';
// Imported: the global of a test environment such as an old jsdom has no `canParse`.
import { URL } from 'node:url';
import { type KeyInput, readPrivateKey } from '../crypto/keys.js';
import { ConfigurationError } from '../errors.js';
import { isLoopback } from '../util/loopback.js';

/** The options of a `LaunchKeyClient`. */
export interface LaunchKeyClientOptions {
  /**
   * The address of the engine's API, such as `https://engine.example.com/v1`. Required. Plain http is
   * accepted for loopback addresses only, unless `allowInsecure` is set.
   */
  apiBaseUrl: string | undefined;
  /** The application's key: ten digits, as a number or as a string. Required. */
  appKey: number | string | undefined;
  /**
   * The application's secret key. Required. The type allows `undefined` for `process.env`; at run time
   * it is a `ConfigurationError`.
   */
  secretKey: string | undefined;
  /**
   * The application's RSA private key of at least 2048 bits: PEM text (PKCS#1 or PKCS#8), the bytes of
   * a PEM file, or a `KeyObject`. Required.
   */
  privateKey: KeyInput | undefined;
  /** The passphrase of `privateKey`. Required where the key is encrypted, otherwise ignored. */
  passphrase?: string | undefined;
  /**
   * Whether a plain-http `apiBaseUrl` that is not a loopback address is accepted. Everyone on the way
   * can then read and change the calls. Defaults to `false`.
   */
  allowInsecure?: boolean | undefined;
  /**
   * The most that one call may take, in milliseconds, from 1 to 600,000. A held poll may take its
   * `wait` in addition. Defaults to `10_000`.
   */
  requestTimeout?: number | undefined;
  /**
   * The most connections for short calls, from 1 to 65,535. Held polls use up to 10,000 connections of
   * their own. Without effect where `agent` is given. Defaults to `64`.
   */
  maxConnections?: number | undefined;
  /**
   * Certificate authorities to trust, as PEM text, instead of those that Node trusts by default. Used
   * for connections of `agent`, too.
   */
  ca?: string | Buffer | Array<string | Buffer> | undefined;
  /**
   * An `http.Agent` or `https.Agent` for all calls, for example one that connects through a proxy. It
   * must not limit its connections to fewer than the logins that wait at the same time. Defaults to
   * two agents of the client's own, which keep connections alive.
   */
  agent?: Agent | undefined;
}

/** The options after they were checked. */
export interface CheckedOptions {
  baseUrl: URL;
  appKey: string;
  secretKey: string;
  privateKey: KeyObject;
  /** In ms. */
  requestTimeout: number;
  maxConnections: number;
  ca: LaunchKeyClientOptions['ca'];
  agent: Agent | undefined;
}

const DEFAULT_REQUEST_TIMEOUT_MS = 10_000;
const MAX_REQUEST_TIMEOUT_MS = 600_000;
const DEFAULT_MAX_CONNECTIONS = 64;
const MAX_CONNECTIONS = 65_535;

/** @throws ConfigurationError that names the first option that is missing or unusable. */
export function checkOptions(options: LaunchKeyClientOptions): CheckedOptions {
  if (typeof options !== 'object' || options === null) {
    throw new ConfigurationError(
      'options',
      'are missing. Pass an object with apiBaseUrl, appKey, secretKey and privateKey.',
    );
  }
  const requestTimeout = options.requestTimeout ?? DEFAULT_REQUEST_TIMEOUT_MS;
  const maxConnections = options.maxConnections ?? DEFAULT_MAX_CONNECTIONS;
  const baseUrl = checkBaseUrl(options.apiBaseUrl, options.allowInsecure);
  return {
    baseUrl,
    appKey: checkAppKey(options.appKey),
    secretKey: checkSecretKey(options.secretKey),
    privateKey: readPrivateKey(options.privateKey, options.passphrase),
    requestTimeout: checkInteger('requestTimeout', requestTimeout, MAX_REQUEST_TIMEOUT_MS),
    maxConnections: checkInteger('maxConnections', maxConnections, MAX_CONNECTIONS),
    ca: checkCa(options.ca),
    agent: checkAgent(options.agent, baseUrl),
  };
}

const EXAMPLE_URL = 'https://engine.example.com/v1';

// The messages do not quote the URL, since it may hold a password.
function checkBaseUrl(value: unknown, allowInsecure: unknown): URL {
  const refuse = (reason: string) => new ConfigurationError('apiBaseUrl', reason);
  if (value === undefined || value === null || value === '') {
    throw refuse(`is missing. Pass the address of the engine's API, such as ${EXAMPLE_URL}.`);
  }
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : null;
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    throw refuse(`is not an absolute http or https URL. Pass one such as ${EXAMPLE_URL}.`);
  }
  if (url.username || url.password) {
    throw refuse('contains a user name or password. Remove it: engines do not use it.');
  }
  if (url.search || url.hash) {
    throw refuse('contains a query or fragment. Remove it.');
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname) && allowInsecure !== true) {
    throw refuse('is plain http. It must be https, unless allowInsecure is true.');
  }
  return url;
}

function checkAppKey(value: unknown): string {
  if (value === undefined || value === null || value === '') {
    throw new ConfigurationError('appKey', "is missing. Pass the application's key of 10 digits.");
  }
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string' || !/^\d{10}$/.test(text)) {
    throw new ConfigurationError('appKey', 'is not a number or string of 10 digits.');
  }
  return text;
}

function checkSecretKey(value: unknown): string {
  const refuse = (reason: string) => new ConfigurationError('secretKey', reason);
  if (value === undefined || value === null || value === '') {
    throw refuse("is missing. Pass the application's secret key.");
  }
  if (typeof value !== 'string') {
    throw refuse(`is of type ${typeof value}. It must be a string.`);
  }
  // Copied along with the line end of a file, or with the quotes of an environment file.
  if (value !== value.trim()) {
    throw refuse('has white space at its start or end. Remove it, for example with trim().');
  }
  if (/^(["'`]).*\1$/.test(value)) throw refuse('is in quotes. Remove them.');
  return value;
}

function checkInteger(option: string, value: unknown, max: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > max) {
    throw new ConfigurationError(option, `is not a whole number from 1 to ${max}.`);
  }
  return value;
}

function checkCa(ca: LaunchKeyClientOptions['ca']): LaunchKeyClientOptions['ca'] {
  if (ca === undefined) return undefined;
  try {
    // node:tls ignores text that is not a certificate, and then trusts no server.
    for (const text of Array.isArray(ca) ? ca : [ca]) new X509Certificate(text);
    return ca;
  } catch {
    throw new ConfigurationError(
      'ca',
      'is not readable. Pass certificates as PEM text ("-----BEGIN CERTIFICATE-----").',
    );
  }
}

function checkAgent(agent: unknown, { protocol }: URL): Agent | undefined {
  if (agent === undefined) return undefined;
  // Not `instanceof`: agents of other packages need not extend Node's.
  if (typeof (agent as { addRequest?: unknown } | null)?.addRequest !== 'function') {
    throw new ConfigurationError(
      'agent',
      'is not an http.Agent or https.Agent. Pass one of these.',
    );
  }
  // Node's agents have a property of their own; agents for proxies compute it for each call.
  const own = Object.getOwnPropertyDescriptor(agent, 'protocol')?.value;
  if (typeof own === 'string' && own !== protocol) {
    throw new ConfigurationError(
      'agent',
      `connects by ${own}//, but apiBaseUrl begins with ${protocol}//. Pass an agent of that scheme.`,
    );
  }
  return agent as Agent;
}
