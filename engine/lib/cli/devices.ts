import { qrText } from '../util/qr-code.js';
import { command } from './control-client.js';
import { type Connection, print, time } from './output.js';

export async function devicePair(username: string, { socket, json }: Connection): Promise<void> {
  const pairing = await command(socket, 'pairDevice', username);
  if (json) return print(json, pairing, []);
  print(json, pairing, [
    `Scan this code with ${username}'s phone, or open the link there:`,
    '',
    qrText(pairing.url),
    pairing.url,
    '',
    `or type the code there: ${pairing.code}`,
    `The link and the code work once, until ${time(pairing.expiresAt)}.`,
  ]);
}

export async function deviceList(username: string, { socket, json }: Connection): Promise<void> {
  const devices = await command(socket, 'devices', username);
  const lines = devices.map(({ id, name, lastSeenAt }) =>
    [id, name, `seen ${time(lastSeenAt)}`].join('\t'),
  );
  print(json, devices, lines);
}

export async function deviceUnpair(
  username: string,
  id: string,
  { socket, json }: Connection,
): Promise<void> {
  await command(socket, 'unpairDevice', username, id);
  print(json, { username, unpaired: id }, [`device ${id} of ${username} unpaired`]);
}
