import pg from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import { openPool, openPostgres } from '../lib/data/sql/postgres.js';
import { Vault } from '../lib/data/sql/vault.js';
import { type EngineOptions, startEngine } from '../lib/index.js';
import { Application } from './support/application.js';
import { Device } from './support/device.js';
import { noFaults } from './support/faults.js';
import { heldDevices, heldPolls } from './support/metrics.js';
import { describeWithPostgres } from './support/postgres.js';
import { LISTENING, untilSessions, WAITING } from './support/postgres-activity.js';

/** Longer than a test may take: a poll that is answered was woken. */
const WAIT = 60;
/** The rows of a request, to lock. */
const REQUEST = 'requests where auth_request = $1';

describeWithPostgres('engines on one database', (server) => {
  async function nodes(rateLimit: EngineOptions['rateLimit'] = false) {
    const databaseUrl = await server().database();
    const key = Vault.newKey();
    const node = async () => {
      const engine = await startEngine({ databaseUrl, key, rateLimit, virtualDevices: true });
      onTestFinished(async () => await engine.close());
      return engine;
    };
    const [first, second] = [await node(), await node()];
    const credentials = await first.createApp({ name: 'Shop' });
    await first.createUser('alice');
    const here = new Application(first.url, credentials);
    const there = new Application(second.url, credentials);
    return { databaseUrl, key, node, first, second, here, there };
  }

  /** The second one holds a poll for a request made at the first, and the phone that it is for. */
  async function holding() {
    const all = await nodes();
    const { first, second, here, there } = all;
    const phone = await Device.paired(second.url, (await first.pairDevice('alice')).code);
    const authRequest = await here.authorize('alice');
    const { version } = (await phone.state()).body;
    const state = phone.state(version, WAIT);
    const poll = there.poll(authRequest, { wait: WAIT });
    await Promise.all([heldPolls(second.url, 1), heldDevices(second.url, 1)]);
    return { ...all, state, poll, authRequest };
  }

  /** A connection in whose transaction these rows are locked. */
  async function locking(databaseUrl: string, rows: string, ...values: string[]) {
    const client = new pg.Client(databaseUrl);
    await client.connect();
    onTestFinished(async () => await client.end());
    await client.query('begin');
    await client.query(`select from ${rows} for update`, values);
    return client;
  }

  it('wake a poll and a phone that one holds when the other takes a withdrawal', async () => {
    const { here, state, poll, authRequest } = await holding();
    expect((await here.log(authRequest, 'Withdraw')).status).toBe(200);
    expect((await poll).body.message_code).toBe(70404);
    expect((await state).body).toMatchObject({ requests: [], withdrawn: [{ authRequest }] });
  });

  it('share keys, and wake a poll that one holds by an answer at the other', async () => {
    const { first, second, here, there } = await nodes();
    expect((await here.ping()).body.key).toBe((await there.ping()).body.key);
    const authRequest = await here.authorize('alice');
    const poll = there.poll(authRequest, { wait: WAIT });
    await heldPolls(second.url, 1);
    await first.answer(authRequest, true);
    const reply = await poll;
    expect(reply.status).toBe(200);
    expect(there.decryptAuth(reply.body.auth)).toMatchObject({ response: 'true' });
  });

  it('take a request at one, its answer at another, and the poll for it at a third', async () => {
    const { node, second, here, first } = await nodes();
    const third = await node();
    const elsewhere = new Application(third.url, here.credentials);
    const phone = await Device.paired(second.url, (await first.pairDevice('alice')).code);
    const authRequest = await here.authorize('alice');
    const poll = elsewhere.poll(authRequest, { wait: WAIT });
    await heldPolls(third.url, 1);
    expect((await phone.answer(true)).status).toBe(200);
    const reply = await poll;
    expect(reply.status, reply.text).toBe(200);
    expect(elsewhere.decryptAuth(reply.body.auth)).toMatchObject({
      auth_request: authRequest,
      response: 'true',
      device_id: phone.id,
    });
    expect((await third.sessions('alice')).map((one) => one.authRequest)).toEqual([authRequest]);
  });

  it('limit together how often an application may ask a user, also at the same moment', async () => {
    const rateLimit = { windows: [{ requests: 2, seconds: 3600 }] };
    const { databaseUrl, first, here, there } = await nodes(rateLimit);
    await first.createUser('bob');
    const blog = await first.createApp({ name: 'Blog' });
    const ask = async (application: Application) => {
      const { status, body } = await application.auths({ username: 'alice' });
      return body.message_code ?? status;
    };
    await here.authorize('alice');
    // Both have read that there is room for one more, and wait to count theirs.
    const client = await locking(databaseUrl, 'rates');
    const asked = Promise.all([ask(here), ask(there)]);
    await untilSessions(client, WAITING, 2);
    await client.query('commit');
    expect((await asked).sort()).toEqual([200, 40436]);
    expect(await Promise.all([ask(here), ask(there)])).toEqual([40436, 40436]);
    for (const { url } of [here, there]) {
      const other = new Application(url.replace('/v1', ''), blog);
      expect(await ask(other)).toBe(40436);
      await other.authorize('bob');
    }
  });

  it('show on a device at one what was asked at the other', async () => {
    const { first, second, here } = await nodes();
    const { code } = await first.pairDevice('alice');
    const device = await Device.paired(second.url, code);
    const { version } = (await device.state()).body;
    const state = device.state(version, 25);
    const authRequest = await here.authorize('alice');
    expect((await state).body.requests).toMatchObject([{ authRequest }]);
    expect((await device.answer(true)).status).toBe(200);
    expect((await here.poll(authRequest)).status).toBe(200);
  });

  it('find an answer whose announcement was lost with its node', async () => {
    const { databaseUrl, key, second, here, there } = await nodes();
    const authRequest = await here.authorize('alice');
    const poll = there.poll(authRequest, { wait: WAIT });
    await heldPolls(second.url, 1);
    const data = await openPostgres(databaseUrl, new Vault(key), noFaults);
    onTestFinished(async () => await data.close());
    const answer = { approved: false, auth: 'AAAA', userHash: 'hash', answeredAt: Date.now() };
    const step = { now: Date.now(), sessionLimit: 1, eventLimit: 1 };
    await data.requests.answer(authRequest, answer, step);
    expect((await poll).body).toMatchObject({ user_hash: 'hash' });
  });

  it('refuse at once what was replaced at the other, although it was found right before', async () => {
    const { first, second, there } = await nodes();
    const envelope = await there.envelope();
    const ask = () => there.form('POST', '/auths', { ...envelope, username: 'alice' });
    expect((await ask()).status).toBe(200);
    const credentials = await first.rotateApp(there.credentials.appKey);
    expect((await ask()).body.message_code).toBe(40428);
    const application = new Application(second.url, { ...there.credentials, ...credentials });
    expect(await application.authorize('alice')).toMatch(/^[a-z0-9]{32}$/);
  });

  it('end at one node the held requests of a user that was deleted at the other', async () => {
    const { first, there, state, poll } = await holding();
    await first.deleteUser('alice');
    expect((await state).status).toBe(401);
    expect((await poll).body.message_code).toBe(70402);
    expect((await there.auths({ username: 'alice' })).body.message_code).toBe(40426);
  });

  it('end at one node the held requests of an application that was deleted at the other', async () => {
    const { first, here, there, state, poll } = await holding();
    await first.deleteApp(here.credentials.appKey);
    expect((await state).body.requests).toEqual([]);
    expect((await poll).body.message_code).toBe(70425);
    expect((await there.auths({ username: 'alice' })).body.message_code).toBe(40425);
  });

  it('hear each other again after their connections were lost', async () => {
    const { databaseUrl, first, second, here } = await nodes();
    const { code } = await first.pairDevice('alice');
    const device = await Device.paired(second.url, code);
    const { version } = (await device.state()).body;
    const state = device.state(version, 25);
    const client = new pg.Client(databaseUrl);
    await client.connect();
    onTestFinished(async () => await client.end());
    const { rowCount } = await client.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where ${LISTENING} and datname = current_database()`,
    );
    expect(rowCount).toBe(2);
    const authRequest = await here.authorize('alice');
    expect((await state).body.requests).toMatchObject([{ authRequest }]);
  });

  it('take an answer that a device sends to both because the first connection broke', async () => {
    const { databaseUrl, first, second, here } = await nodes();
    const { code } = await first.pairDevice('alice');
    const device = await Device.paired(first.url, code);
    const authRequest = await here.authorize('alice');
    const [request] = (await device.state()).body.requests;
    const body = device.answerBody(request, true);
    const send = async ({ url }: { url: string }) => {
      const targetUri = `${url}/authenticator/api/answer`;
      const call = await device.sign({ path: 'answer', body, targetUri });
      return await device.send({ ...call, url: targetUri });
    };
    // Both get as far as the row, which is locked until then.
    const client = await locking(databaseUrl, REQUEST, authRequest);
    const replies = Promise.all([send(first), send(second)]);
    await untilSessions(client, WAITING, 2);
    await client.query('commit');
    expect((await replies).map(({ status, text }) => [status, text])).toEqual([
      [200, '{"approved":true}'],
      [200, '{"approved":true}'],
    ]);
    const trail = await first.audit({ username: 'alice' });
    expect(trail.filter(({ kind }) => kind === 'request.approved')).toHaveLength(1);
  });

  it('hold no user for a report of fraud whose request a deletion has taken already', async () => {
    const { databaseUrl, first, here } = await nodes();
    const { code } = await first.pairDevice('alice');
    const device = await Device.paired(first.url, code);
    const client = await locking(databaseUrl, REQUEST, await here.authorize('alice'));
    const reply = device.answer(false, { reason: 'fraudulent' });
    await untilSessions(client, WAITING, 1);
    // While the deletion continues: it would fail if another step locked the user.
    await client.query("select from users where username = 'alice' for update nowait");
    await client.query('commit');
    expect((await reply).status).toBe(200);
  });

  it('outlive a connection that breaks between two statements of a transaction', async () => {
    const pool = openPool(await server().database(), noFaults);
    onTestFinished(async () => await pool.end());
    const client = await pool.connect();
    await client.query('begin');
    const { rows } = await client.query('select pg_backend_pid() as pid');
    // `once` of node:events would listen to errors, too.
    const ended = new Promise<void>((resolve) => client.once('end', () => resolve()));
    await pool.query('select pg_terminate_backend($1)', [rows[0].pid]);
    await ended;
    await expect(client.query('commit')).rejects.toThrow();
    client.release();
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });
});
