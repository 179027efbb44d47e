import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import pg from 'pg';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { Vault } from '../lib/data/sql/vault.js';
import { startEngine } from '../lib/index.js';
import { Application } from './support/application.js';
import { Device } from './support/device.js';
import { start } from './support/engine.js';
import { http, type Reply } from './support/http.js';
import { describeWithPostgres } from './support/postgres.js';
import { receiver } from './support/receiver.js';

interface Line {
  requestId?: string;
  msg: string;
}

/** A logger as the command line makes it, and what it has written. */
function recorder() {
  let output = '';
  const stream = {
    write: (text: string) => {
      output += text;
    },
  };
  const logger = pino({ base: undefined }, stream);
  const lines = (): Line[] =>
    output
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  return { logger, lines, output: () => output };
}

it('gives each line of a request its id, and no id to background work', async () => {
  const { logger, lines } = recorder();
  const { url, count } = await receiver([500]);
  const { engine, application, clock } = await start({ logger, callbackUrl: url });
  const phone = await Device.paired(engine.url, (await engine.pairDevice('alice')).code);
  await application.authorize('alice');
  const reply = await phone.answer(false, { reason: 'fraudulent' });
  await count(1);
  const fraud = lines().find(({ msg }) => msg === 'user reported fraud');
  expect(fraud?.requestId).toBe(reply.headers['x-request-id']);
  // The answer set off its event, whose delivery belongs to no request.
  await expect
    .poll(() => lines().some(({ msg }) => msg === 'event failed, to be sent again'))
    .toBe(true);
  const delivery = lines().find(({ msg }) => msg === 'event failed, to be sent again');
  expect(delivery).not.toHaveProperty('requestId');
  clock.advance(2000);
  await count(2);
});

describeWithPostgres('the whole log', (server) => {
  it('has an id on each line and no secret if every call of the engine fails', async () => {
    const { logger, lines, output } = recorder();
    const databaseUrl = await server().database();
    const key = Vault.newKey();
    const engine = await startEngine({
      databaseUrl,
      key,
      virtualDevices: true,
      logger,
      rateLimit: false,
    });
    try {
      const credentials = await engine.createApp({ name: 'Shop' });
      await engine.createUser('alice');
      const application = new Application(engine.url, credentials);
      const phone = await Device.paired(engine.url, (await engine.pairDevice('alice')).code);
      const authRequest = await application.authorize('alice', { context: 'a private context' });
      const { requests } = (await phone.state()).body;
      const answer = phone.answerBody(requests[0], true);
      const offer = await engine.pairDevice('alice');
      const envelope = await application.envelope();

      await breakAll(databaseUrl);
      const replies = [
        await application.poll(authRequest),
        await application.form('POST', '/auths', { ...envelope, username: 'alice' }),
        await application.form('PUT', '/logs', { ...envelope, auth_request: authRequest }),
        await application.createWhiteLabelUser('a private identifier'),
        await phone.post('answer', answer),
        await phone.state(),
        await phone.pair(offer.code),
        await http(`${engine.url}/readyz`),
        await slowly(`${engine.url}/v1/auths`, { ...envelope, username: 'alice' }),
      ];
      expect(replies.map(({ status }) => status)).toEqual(Array(replies.length).fill(503));

      const ids = replies.map(({ headers }) => headers['x-request-id']);
      expect(new Set(ids).size).toBe(replies.length);
      // The readiness is checked for all, and not for one request.
      ids.splice(7, 1);
      for (const id of ids) expect(lines().map(({ requestId }) => requestId)).toContain(id);

      const secrets = [
        credentials.secretKey,
        credentials.privateKey.split('\n')[3] ?? '',
        authRequest,
        phone.token,
        offer.code,
        /#pair=(.+)$/.exec(offer.url)?.[1] ?? '',
        answer.auth,
        ...Object.values(envelope).slice(1),
        key,
        new URL(databaseUrl).password,
        'a private context',
        'a private identifier',
      ];
      for (const secret of secrets.filter(Boolean)) {
        expect(output().includes(secret), secret).toBe(false);
        expect(output().includes(encodeURIComponent(secret)), secret).toBe(false);
      }
    } finally {
      await engine.close();
    }
  });
});

/** A form whose body comes once its head has been read, as over a slow line. */
async function slowly(url: string, form: Record<string, string>): Promise<Reply> {
  const body = new URLSearchParams(form).toString();
  const headers = {
    expect: '100-continue',
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': Buffer.byteLength(body),
  };
  const sent = request(url, { method: 'POST', headers, agent: false });
  sent.flushHeaders();
  await once(sent, 'continue');
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.resume();
  return { status: response.statusCode ?? 0, headers: response.headers, text: '', body: {} };
}

/** Imitates a backup that was restored half-way: every query fails. */
async function breakAll(databaseUrl: string): Promise<void> {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  await client.query('drop schema public cascade');
  await client.end();
}
