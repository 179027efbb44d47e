import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { createSecureContext, type Server } from 'node:tls';
import { LaunchKeyEngineError } from '../errors.js';
import type { Logger } from '../observability/logger.js';

/** The certificate and the private key for https, see {@link EngineOptions.tls}. */
export interface TlsOptions {
  /** Path of a PEM file with the certificate, followed by its intermediate certificates. */
  certFile: string;
  /** Path of a PEM file with the private key, not encrypted. */
  keyFile: string;
}

/** The oldest TLS version that clients may use. */
const MIN_VERSION = 'TLSv1.2';
/** How long a client may take for the handshake. */
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** Minimum interval between two checks for renewed files. */
const CHECK_INTERVAL_MS = 1000;

/** A certificate and its private key. */
interface Pair {
  cert: string;
  key: string;
}

/**
 * The certificate and key for https. The files are read again when they change, because certificates are
 * renewed every few weeks. A pair that does not match changes nothing: the two files are never replaced
 * at the same moment.
 */
export class Tls {
  private readonly files: TlsOptions;
  private readonly logger: Logger;
  private pair: Pair;
  private seen: string;
  private checkedAt = performance.now();
  private server: Server | undefined;

  private constructor(files: TlsOptions, logger: Logger, pair: Pair, seen: string) {
    this.files = files;
    this.logger = logger;
    this.pair = pair;
    this.seen = seen;
  }

  /** Rejects with `ENGINE_TLS` for files that cannot be used. */
  static async open(files: TlsOptions, logger: Logger): Promise<Tls> {
    const seen = await version(files);
    return new Tls(files, logger, await read(files, logger), seen);
  }

  /** The options for an https server. */
  get serverOptions() {
    return {
      ...this.pair,
      minVersion: MIN_VERSION,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    } as const;
  }

  /** Sets the server that gets renewed certificates. */
  serve(server: Server): void {
    this.server = server;
  }

  /** Reads the files again if they have changed. It checks at most once a second. */
  async refresh(): Promise<void> {
    const now = performance.now();
    if (now - this.checkedAt < CHECK_INTERVAL_MS) return;
    this.checkedAt = now;
    const seen = await version(this.files);
    if (seen === this.seen) return;
    this.seen = seen;
    try {
      this.pair = await read(this.files, this.logger);
    } catch (error) {
      const { message } = error as Error;
      this.logger.error(
        { reason: message },
        'certificate not renewed: the old one is still served',
      );
      return;
    }
    this.server?.setSecureContext({ ...this.pair, minVersion: MIN_VERSION });
    this.logger.info({ certFile: this.files.certFile }, 'certificate renewed');
  }
}

/** A text that changes with the files, also when an ACME client replaces symbolic links. */
async function version({ certFile, keyFile }: TlsOptions): Promise<string> {
  const stats = await Promise.all([certFile, keyFile].map((path) => stat(path).catch(() => null)));
  return stats.map((file) => (file ? `${file.ino} ${file.mtimeMs} ${file.size}` : '-')).join('\n');
}

async function read({ certFile, keyFile }: TlsOptions, logger: Logger): Promise<Pair> {
  const [cert, key] = await Promise.all([
    readPem('tls.certFile', certFile),
    readPem('tls.keyFile', keyFile),
  ]);
  const certificate = parseCertificate(certFile, cert);
  if (!certificate.checkPrivateKey(parseKey(keyFile, key))) {
    throw unusable(
      `The private key in ${keyFile} (tls.keyFile) does not belong to the first certificate in ${certFile} (tls.certFile).`,
    );
  }
  try {
    createSecureContext({ cert, key, minVersion: MIN_VERSION });
  } catch (error) {
    // For example a key that is too short.
    const { code } = error as NodeJS.ErrnoException;
    throw unusable(`The certificate in ${certFile} (tls.certFile) cannot be used: ${code}.`);
  }
  warnOfValidity(certFile, certificate, logger);
  return { cert, key };
}

/** Compares with the system's clock and not the engine's, as clients do. */
function warnOfValidity(certFile: string, certificate: X509Certificate, logger: Logger): void {
  const { validFrom, validTo } = certificate;
  const now = Date.now();
  if (Date.parse(validTo) <= now) {
    logger.warn({ certFile, validTo }, 'certificate expired: renew it');
  } else if (Date.parse(validFrom) > now) {
    logger.warn({ certFile, validFrom }, 'certificate not valid yet');
  }
}

async function readPem(option: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw unusable(`Cannot read the file ${path} (${option}): ${code}.`);
  }
}

function parseCertificate(path: string, pem: string): X509Certificate {
  try {
    if (pem.includes('-----BEGIN CERTIFICATE-----')) return new X509Certificate(pem);
  } catch {
    // The error below says it. The cause would not help an operator.
  }
  throw unusable(
    `The file ${path} (tls.certFile) must hold a PEM certificate ("-----BEGIN CERTIFICATE-----").`,
  );
}

function parseKey(path: string, pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw unusable(
      pem.includes('ENCRYPTED')
        ? `The private key in ${path} (tls.keyFile) is encrypted. Decrypt it into a file that only the engine's user can read.`
        : `The file ${path} (tls.keyFile) must hold a PEM private key ("-----BEGIN PRIVATE KEY-----").`,
    );
  }
}

function unusable(message: string): LaunchKeyEngineError {
  return new LaunchKeyEngineError('ENGINE_TLS', message);
}
