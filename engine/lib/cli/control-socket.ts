import { lstat } from 'node:fs/promises';
import { request } from 'node:http';
import { CliError } from './cli-error.js';

/** Longest path of a socket, in bytes. The system silently cuts a longer one. */
const MAX_PATH_BYTES = process.platform === 'linux' ? 107 : 103;

export function checkLength(path: string): void {
  const length = Buffer.byteLength(path);
  if (length <= MAX_PATH_BYTES) return;
  throw new CliError(
    `The socket path ${path} has ${length} bytes. The maximum is ${MAX_PATH_BYTES}: choose a shorter --socket.`,
  );
}

/**
 * Throws if the path belongs to another user than this one and root: another user could listen there
 * and return credentials of their own. A path that does not exist passes, and opening it fails.
 */
export async function checkOwner(path: string): Promise<void> {
  const owner = (await lstat(path).catch(() => undefined))?.uid;
  const self = process.getuid?.();
  if (self === undefined || owner === undefined || owner === self || owner === 0) return;
  throw new CliError(`${path} belongs to another user. Choose another --socket.`);
}

/** Sends a body to the server at the socket and returns the body of its response. */
export function send(path: string, body: string, signal?: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath: path, method: 'POST', agent: false, signal }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve(text));
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
