import { describe, expect, it } from 'vitest';
import { Application } from './support/application.js';
import { share, start } from './support/engine.js';
import { heldPolls } from './support/metrics.js';

async function code(reply: Promise<{ status: number; body: { message_code?: number } }>) {
  const { status, body } = await reply;
  return [status, body.message_code];
}

describe('PUT /logs', () => {
  it('says 50456 for an unknown token, and for one of another application', async () => {
    const { engine, application, user } = await share();
    const other = new Application(engine.url, await engine.createApp({ name: 'Other' }));
    const token = await other.authorize(user);
    expect(await code(application.log('x'.repeat(32), 'Authenticate'))).toEqual([400, 50456]);
    expect(await code(application.log(token, 'Authenticate'))).toEqual([400, 50456]);
    expect(await code(application.log(token, 'Revoke'))).toEqual([400, 50456]);
  });

  it.each(['Authenticate', 'Revoke'])('%s of an unanswered request is 50446', async (action) => {
    const { application, user } = await share();
    const token = await application.authorize(user);
    expect(await code(application.log(token, action))).toEqual([400, 50446]);
  });

  it.each([
    ['an unknown action', 'Launch', 'True'],
    ['a status that is no boolean', 'Revoke', 'maybe'],
    ['no action', '', 'True'],
  ])('%s is incorrect data, 50441', async (_name, action, status) => {
    const { application, user } = await share();
    const token = await application.authorize(user);
    expect(await code(application.log(token, action, status))).toEqual([400, 50441]);
  });

  it('Authenticate may be repeated', async () => {
    const { engine, application, user } = await share();
    const token = await application.authorize(user);
    await engine.answer(token, true);
    expect(await engine.sessions(user)).toMatchObject([{ confirmed: false }]);
    expect((await application.log(token, 'Authenticate')).status).toBe(200);
    expect((await application.log(token, 'Authenticate')).status).toBe(200);
    expect(await engine.sessions(user)).toMatchObject([{ confirmed: true, state: 'open' }]);
  });

  it('Authenticate False after an approval ends the session', async () => {
    const { engine, application, user } = await share();
    const token = await application.authorize(user);
    await engine.answer(token, true);
    expect((await application.log(token, 'Authenticate', 'False')).status).toBe(200);
    expect(await engine.sessions(user)).toEqual([]);
    expect(await code(application.log(token, 'Authenticate'))).toEqual([400, 50446]);
  });

  it('a denial is reported with Authenticate False, and cannot become a login', async () => {
    const { engine, application, user } = await share();
    const token = await application.authorize(user);
    await engine.answer(token, false);
    expect((await application.log(token, 'Authenticate', 'False')).status).toBe(200);
    expect(await code(application.log(token, 'Authenticate'))).toEqual([400, 50446]);
    expect(await code(application.log(token, 'Revoke'))).toEqual([400, 50446]);
  });

  it.each([
    ['Authenticate', 'False', 'Denial recorded'],
    ['Authenticate', 'True', 'Successfully updated'],
    ['Revoke', 'True', 'Successfully updated'],
    ['Revoke', 'False', 'Successfully updated'],
  ])(
    'says to %s, %s: "%s", by which Go decides about the login',
    async (action, status, message) => {
      const { engine, application, user } = await share();
      const token = await application.authorize(user);
      await engine.answer(token, true);
      const reply = await application.log(token, action, status);
      expect([reply.status, reply.body]).toEqual([200, { message }]);
    },
  );

  it('says "Denial recorded" to a denial that is reported after it was forgotten', async () => {
    const { engine, application, clock } = await start();
    const token = await application.authorize('alice');
    await engine.answer(token, false);
    clock.advance(300_000);
    const envelope = await application.stamped(clock.now());
    const said = { auth_request: token, action: 'Authenticate', status: 'false' };
    const { body } = await application.form('PUT', '/logs', { ...envelope, ...said });
    expect(body).toEqual({ message: 'Denial recorded' });
  });

  it('takes an empty status for false, as PHP casts it', async () => {
    const { engine, application, user } = await share();
    const token = await application.authorize(user);
    await engine.answer(token, false);
    const { body } = await application.log(token, 'Authenticate', '');
    expect(body).toEqual({ message: 'Denial recorded' });
  });

  it('is incorrect data without a status, 50441', async () => {
    const { application, user } = await share();
    const token = await application.authorize(user);
    const said = { auth_request: token, action: 'Revoke' };
    const call = application.form('PUT', '/logs', { ...(await application.envelope()), ...said });
    expect(await code(call)).toEqual([400, 50441]);
  });

  it('Revoke ends the session, and may be repeated', async () => {
    const { engine, application, user } = await share();
    const token = await application.authorize(user);
    await engine.answer(token, true);
    expect((await application.log(token, 'Revoke')).status).toBe(200);
    expect((await application.log(token, 'Revoke')).status).toBe(200);
    expect(await engine.sessions(user)).toEqual([]);
    expect(await code(application.poll(token))).toEqual([400, 70404]);
    expect(await code(application.log(token, 'Authenticate'))).toEqual([400, 50446]);
  });

  it('reveals an ended request to its own application only', async () => {
    const { engine, application, user } = await share();
    const other = new Application(engine.url, await engine.createApp({ name: 'Other' }));
    const token = await application.authorize(user);
    await engine.answer(token, true);
    await application.log(token, 'Revoke');
    expect(await code(other.poll(token))).toEqual([400, 70402]);
    expect(await code(other.log(token, 'Revoke'))).toEqual([400, 50456]);
    expect(await code(other.log(token, 'Authenticate', 'False'))).toEqual([400, 50456]);
    expect(await code(application.poll(token))).toEqual([400, 70404]);
    expect((await application.log(token, 'Revoke')).status).toBe(200);
  });

  it('does not revoke a request without a session, before or after the sweep', async () => {
    const { engine, application, clock } = await start();
    const denied = await application.authorize('alice');
    await engine.answer(denied, false);
    const unanswered = await application.authorize('alice');
    const report = async (token: string, action: string, status: string) => {
      const said = { auth_request: token, action, status };
      const envelope = await application.stamped(clock.now());
      return await code(application.form('PUT', '/logs', { ...envelope, ...said }));
    };
    const reports = async () => [
      await report(denied, 'Revoke', 'True'),
      await report(unanswered, 'Revoke', 'True'),
      await report(unanswered, 'Authenticate', 'True'),
      await report(unanswered, 'Authenticate', 'False'),
      await report(denied, 'Authenticate', 'False'),
    ];
    const held = application.poll(unanswered, { wait: 50 });
    await heldPolls(engine.url, 1);
    clock.advance(300_000);
    const expected = [...Array(3).fill([400, 50446]), ...Array(2).fill([200, undefined])];
    expect(await reports()).toEqual(expected);
    // The sweep that lets the held poll go has forgotten the requests as well.
    expect((await held).body.message_code).toBe(70404);
    expect(await reports()).toEqual(expected);
  });

  it('a session that the user ended in the meantime cannot be confirmed', async () => {
    const { engine, application, user } = await share();
    const token = await application.authorize(user);
    await engine.answer(token, true);
    await engine.deorbit(user);
    expect(await code(application.log(token, 'Authenticate'))).toEqual([400, 50446]);
  });

  it('a transaction can be confirmed, and has no session to revoke', async () => {
    const { engine, application, user } = await share();
    const token = await application.authorize(user, { session: 'False' });
    await engine.answer(token, true);
    expect((await application.log(token, 'Authenticate')).status).toBe(200);
    expect(await engine.sessions(user)).toEqual([]);
    expect(await code(application.log(token, 'Revoke'))).toEqual([400, 50446]);
  });

  it('a request that expired unanswered cannot be confirmed', async () => {
    const { application, clock } = await start();
    const token = await application.authorize('alice');
    clock.advance(299_999);
    await application.ping();
    clock.advance(1);
    const parameters = {
      ...(await application.stamped(clock.now())),
      auth_request: token,
      action: 'Authenticate',
      status: 'True',
    };
    expect(await code(application.form('PUT', '/logs', parameters))).toEqual([400, 50446]);
  });
});

describe('LaunchKey sessions', () => {
  it('are bounded for each user and application, and the oldest ends first', async () => {
    const { engine, application } = await start({ limits: { sessionsPerUserAndApp: 2 } });
    const tokens = [];
    for (let login = 0; login < 3; login += 1) {
      const token = await application.authorize('alice');
      await engine.answer(token, true);
      tokens.push(token);
    }
    expect((await engine.sessions('alice')).map((one) => one.authRequest)).toEqual(tokens.slice(1));
    expect((await application.poll(tokens[0] ?? '')).body.message_code).toBe(70404);
  });
});
