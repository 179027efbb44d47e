import { type KeyObject, X509Certificate } from 'node:crypto';
import { type KeyInput, readPrivateKey } from '../crypto/keys.js';
import { ConfigurationError } from '../errors.js';

/** The options of a `LaunchKeyClient`. */
export interface LaunchKeyClientOptions {
  /**
   * Where the engine's API is, such as `https://engine.example.com/v1`. Required. Plain http is for
   * loopback addresses, unless `allowInsecure` is set.
   */
  apiBaseUrl: string | undefined;
  /** The application's key: a number of ten digits. Required. */
  appKey: number | string | undefined;
  /** The application's secret key. Required; `undefined` is in the type for `process.env`. */
  secretKey: string | undefined;
  /**
   * The application's RSA private key of at least 2048 bits, as PEM text (PKCS#1 or PKCS#8), the
   * bytes of a PEM file, or a `KeyObject`. Required.
   */
  privateKey: KeyInput | undefined;
  /** What `privateKey` is encrypted with, where it is encrypted. */
  passphrase?: string | undefined;
  /** Whether a plain-http `apiBaseUrl` that is not loopback is accepted. Defaults to `false`. */
  allowInsecure?: boolean | undefined;
  /** How long one call may take, in milliseconds. A held poll gets its `wait` on top. Defaults to `10_000`. */
  requestTimeout?: number | undefined;
  /**
   * How many connections short calls use at most. Defaults to `64`. Held polls, one connection each,
   * have up to 10,000 of their own.
   */
  maxConnections?: number | undefined;
  /** Certificate authorities to trust instead of the well-known ones, as PEM text. */
  ca?: string | Buffer | Array<string | Buffer> | undefined;
}

/** The options once they are checked. */
export interface CheckedOptions {
  baseUrl: URL;
  appKey: string;
  secretKey: string;
  privateKey: KeyObject;
  requestTimeout: number;
  maxConnections: number;
  ca: LaunchKeyClientOptions['ca'];
}

/** @throws ConfigurationError that names the first option that is missing or unusable. */
export function checkOptions(options: LaunchKeyClientOptions): CheckedOptions {
  if (typeof options !== 'object' || options === null) {
    throw new ConfigurationError('options', 'must be an object');
  }
  return {
    baseUrl: checkBaseUrl(options.apiBaseUrl, options.allowInsecure),
    appKey: checkAppKey(options.appKey),
    secretKey: checkSecretKey(options.secretKey),
    privateKey: readPrivateKey(options.privateKey, options.passphrase),
    requestTimeout: checkInteger('requestTimeout', options.requestTimeout ?? 10_000, 600_000),
    maxConnections: checkInteger('maxConnections', options.maxConnections ?? 64, 65_535),
    ca: checkCa(options.ca),
  };
}

// The messages do not repeat the URL: it may hold a password.
function checkBaseUrl(value: unknown, allowInsecure: unknown): URL {
  if (value === undefined || value === null || value === '') {
    throw new ConfigurationError('apiBaseUrl', 'is missing');
  }
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : null;
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    throw new ConfigurationError('apiBaseUrl', 'must be an absolute http or https URL');
  }
  if (url.username || url.password) {
    throw new ConfigurationError('apiBaseUrl', 'must not contain a user name or password');
  }
  if (url.search || url.hash) {
    throw new ConfigurationError('apiBaseUrl', 'must not contain a query or fragment');
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname) && allowInsecure !== true) {
    throw new ConfigurationError('apiBaseUrl', 'must be https, unless allowInsecure is true');
  }
  return url;
}

/** `URL` has already brought other spellings of an IPv4 address to dotted decimals. */
function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127\.\d+\.\d+\.\d+$/.test(hostname)
  );
}

function checkAppKey(value: unknown): string {
  if (value === undefined || value === null || value === '') {
    throw new ConfigurationError('appKey', 'is missing');
  }
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string' || !/^\d{10}$/.test(text)) {
    throw new ConfigurationError('appKey', 'must be a number or string of 10 digits');
  }
  return text;
}

function checkSecretKey(value: unknown): string {
  if (value === undefined || value === null || value === '') {
    throw new ConfigurationError('secretKey', 'is missing');
  }
  if (typeof value !== 'string') throw new ConfigurationError('secretKey', 'must be a string');
  return value;
}

function checkInteger(option: string, value: unknown, max: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > max) {
    throw new ConfigurationError(option, `must be a whole number from 1 to ${max}`);
  }
  return value;
}

function checkCa(ca: LaunchKeyClientOptions['ca']): LaunchKeyClientOptions['ca'] {
  if (ca === undefined) return undefined;
  try {
    // node:tls would pass over what is no certificate, and trust nobody.
    for (const text of Array.isArray(ca) ? ca : [ca]) new X509Certificate(text);
    return ca;
  } catch {
    throw new ConfigurationError('ca', 'is not readable as PEM certificates');
  }
}
