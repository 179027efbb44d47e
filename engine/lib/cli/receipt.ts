import { CliError } from './cli-error.js';
import { command } from './control-client.js';
import { type Connection, print, time } from './output.js';

/** Prints what a device signed when it answered an auth request. */
export async function receipt(authRequest: string, { socket, json }: Connection): Promise<void> {
  const found = await command(socket, 'receipt', authRequest);
  if (!found) {
    throw new CliError(
      'There is no receipt of this auth request: no paired device answered it, or the receipt is too old.',
    );
  }
  print(json, found, [
    `auth request  ${found.authRequest}`,
    `application   ${found.appKey}`,
    `device        ${found.deviceId}`,
    `answer        ${found.approved ? 'approved' : 'denied'}, ${time(found.at)}`,
    `public key    ${JSON.stringify(found.publicKey)}`,
    `signature     ${found.signature}`,
    'signed',
    found.signed,
    'body',
    found.body,
  ]);
}
