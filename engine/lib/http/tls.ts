import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { createSecureContext, type Server } from 'node:tls';
import { LaunchKeyEngineError } from '../errors.js';
import type { Logger } from '../observability/logger.js';

/** The certificate that the engine serves https with. */
export interface TlsOptions {
  /** A file with the certificate, followed by the intermediate ones that lead to it, as PEM. */
  certFile: string;
  /** A file with its private key as PEM, not encrypted. */
  keyFile: string;
}

/** Whoever speaks an older protocol than this is not spoken to. */
const MIN_VERSION = 'TLSv1.2';
/** How long a client may take for its part of the handshake, in milliseconds. */
const HANDSHAKE_TIMEOUT = 10_000;
/** How often it is looked for files that were renewed, in milliseconds. */
const LOOK = 1000;

/** The two files, read and found to belong together. */
interface Pair {
  cert: string;
  key: string;
}

/**
 * A certificate and its key, which are taken anew when their files change: certificates are renewed
 * every few weeks, and nobody should have to remember the engine then. A pair that cannot be used
 * changes nothing, since the files are never replaced both at once.
 */
export class Tls {
  private readonly files: TlsOptions;
  private readonly logger: Logger;
  private pair: Pair;
  private seen: string;
  private lookedAt = performance.now();
  private server: Server | undefined;

  private constructor(files: TlsOptions, logger: Logger, pair: Pair, seen: string) {
    this.files = files;
    this.logger = logger;
    this.pair = pair;
    this.seen = seen;
  }

  /** Rejects with `ENGINE_TLS` for files that no client could be served with. */
  static async open(files: TlsOptions, logger: Logger): Promise<Tls> {
    const seen = await version(files);
    return new Tls(files, logger, await read(files, logger), seen);
  }

  /** What an https server is made with. */
  get serverOptions() {
    return { ...this.pair, minVersion: MIN_VERSION, handshakeTimeout: HANDSHAKE_TIMEOUT } as const;
  }

  /** The server that gets what is renewed. */
  serve(server: Server): void {
    this.server = server;
  }

  /** Takes the files anew if they have changed. Called again and again; looks once a second. */
  async look(): Promise<void> {
    const now = performance.now();
    if (now - this.lookedAt < LOOK) return;
    this.lookedAt = now;
    const seen = await version(this.files);
    if (seen === this.seen) return;
    this.seen = seen;
    try {
      this.pair = await read(this.files, this.logger);
    } catch (error) {
      const { message } = error as Error;
      this.logger.error({ reason: message }, 'the certificate before is served still');
      return;
    }
    this.server?.setSecureContext({ ...this.pair, minVersion: MIN_VERSION });
    this.logger.info({ certFile: this.files.certFile }, 'a renewed certificate is served');
  }
}

/** Changes with the files, through the symbolic links by which some clients of ACME replace them. */
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
      `The private key in ${keyFile} (tls.keyFile) is not the one of the first certificate in ${certFile} (tls.certFile).`,
    );
  }
  try {
    createSecureContext({ cert, key, minVersion: MIN_VERSION });
  } catch (error) {
    // Such as a key that is too short for anybody to trust.
    const { code } = error as NodeJS.ErrnoException;
    throw unusable(`The certificates in ${certFile} (tls.certFile) cannot be served: ${code}.`);
  }
  warnOfTime(certFile, certificate, logger);
  return { cert, key };
}

/** Clients decide by their own clocks, so the system's counts here, not the engine's. */
function warnOfTime(certFile: string, certificate: X509Certificate, logger: Logger): void {
  const { validFrom, validTo } = certificate;
  const now = Date.now();
  if (Date.parse(validTo) <= now) {
    logger.warn({ certFile, validTo }, 'the certificate has expired: renew it');
  } else if (Date.parse(validFrom) > now) {
    logger.warn({ certFile, validFrom }, 'the certificate is not valid yet');
  }
}

async function readPem(option: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw unusable(`The file ${path} (${option}) cannot be read: ${code}.`);
  }
}

function parseCertificate(path: string, pem: string): X509Certificate {
  try {
    if (pem.includes('-----BEGIN CERTIFICATE-----')) return new X509Certificate(pem);
  } catch {
    // Said below: the cause would add nothing that an operator can act on.
  }
  throw unusable(
    `The file ${path} (tls.certFile) holds no certificate as PEM ("-----BEGIN CERTIFICATE-----").`,
  );
}

function parseKey(path: string, pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw unusable(
      pem.includes('ENCRYPTED')
        ? `The private key in ${path} (tls.keyFile) is encrypted: give the engine one that is not, readable by its user only.`
        : `The file ${path} (tls.keyFile) holds no private key as PEM ("-----BEGIN PRIVATE KEY-----").`,
    );
  }
}

function unusable(message: string): LaunchKeyEngineError {
  return new LaunchKeyEngineError('ENGINE_TLS', message);
}
