import { command } from './control-client.js';
import { type Connection, print } from './output.js';

export async function keyRotate({ socket, json }: Connection): Promise<void> {
  const key = await command(socket, 'rotatePingKey');
  print(json, key, [
    `The new ping key is ${key.fingerprint}. The key before keeps decrypting for a while.`,
  ]);
}
