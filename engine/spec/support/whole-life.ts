// A program that uses an engine and closes it in the middle of everything; it never calls exit.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { startEngine } from '../../lib/index.js';
import { Application } from './application.js';

// An application that takes an event and never answers; it keeps no process alive.
const silent = createServer((socket) => socket.on('error', () => {}).unref()).unref();
silent.listen(0, '127.0.0.1');
await once(silent, 'listening');
const engine = await startEngine({ rateLimit: false });
const application = new Application(
  engine.url,
  await engine.createApp({
    name: 'Shop',
    callbackUrl: `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`,
  }),
);
// This port is closed, so the event stays in the queue.
const deaf = new Application(
  engine.url,
  await engine.createApp({ name: 'Deaf', callbackUrl: 'http://127.0.0.1:1/' }),
);
await engine.createUser('alice');
const delivered = once(silent, 'connection');
await engine.answer(await deaf.authorize('alice'), false);
const first = await application.authorize('alice');
await engine.answer(first, true);
const answered = await application.poll(first);
const held = application.poll(await application.authorize('alice'), { wait: 60 });
const changes = await fetch(`${engine.url}/authenticator/virtual/changes?user=alice`);
await changes.body?.getReader().read();
await delivered;
const half = connect(Number(new URL(engine.url).port), '127.0.0.1').on('error', () => {});
half.write('POST /v1/auths HTTP/1.1\r\nHost: engine\r\nContent-Length: 100\r\n\r\nhalf');
const idle = connect(Number(new URL(engine.url).port), '127.0.0.1').on('error', () => {});
await once(idle, 'connect');
await engine.close();
process.stdout.write(`answered ${answered.status}, held ${(await held).status}, closed\n`);
