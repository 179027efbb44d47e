// A program that uses an engine and closes it in the middle of everything; it never calls exit.
import { startEngine } from '../../lib/index.js';
import { Application } from './application.js';

const engine = await startEngine({ rateLimit: false });
const application = new Application(
  engine.url,
  // Nobody listens there: an event is left in the queue.
  await engine.createApp({ name: 'Shop', callbackUrl: 'http://127.0.0.1:1/' }),
);
await engine.createUser('alice');
const first = await application.authorize('alice');
await engine.answer(first, true);
const answered = await application.poll(first);
const held = application.poll(await application.authorize('alice'), { wait: 60 });
const changes = await fetch(`${engine.url}/authenticator/api/changes?user=alice`);
await changes.body?.getReader().read();
await engine.close();
process.stdout.write(`answered ${answered.status}, held ${(await held).status}, closed\n`);
