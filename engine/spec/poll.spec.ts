import { describe, expect, it } from 'vitest';
import { Application } from './support/application.js';
import { share, start } from './support/engine.js';
import { http } from './support/http.js';
import { heldPolls } from './support/metrics.js';

describe('GET /poll', () => {
  it('says pending with HTTP 400, 70403 and Retry-After', async () => {
    const { application, user } = await share();
    const { status, body, headers } = await application.poll(await application.authorize(user));
    expect([status, headers['retry-after']]).toEqual([400, '1']);
    expect(body).toEqual({
      successful: false,
      status_code: 400,
      message: 'pending',
      message_code: 70403,
      response: '',
    });
  });

  it('says 70402 for an unknown token, and for one of another application', async () => {
    const { engine, application, user } = await share();
    const other = new Application(engine.url, await engine.createApp({ name: 'Other' }));
    for (const token of ['x'.repeat(32), await other.authorize(user)]) {
      const { status, body } = await application.poll(token);
      expect([status, body.message_code]).toEqual([400, 70402]);
    }
  });

  it('is incorrect data without auth_request, 70401', async () => {
    const { application } = await share();
    const { status, body } = await application.poll('');
    expect([status, body.message_code]).toEqual([400, 70401]);
  });

  it('says 70404 when the five minutes are over', async () => {
    const { application, clock } = await start();
    const token = await application.authorize('alice');
    clock.advance(299_000);
    const stamped = clock.now();
    expect((await application.poll(token, { stamped })).body.message_code).toBe(70403);
    clock.advance(1000);
    const late = await application.poll(token, { stamped: clock.now() });
    expect([late.status, late.body.message_code]).toEqual([400, 70404]);
  });

  it('serves auth in lines of 64 without a backslash, which Go could not decode', async () => {
    const { engine, application, user } = await share();
    const token = await application.authorize(user);
    await engine.answer(token, true);
    const { body } = await application.poll(token);
    const lines: string[] = body.auth.split('\r\n');
    expect(lines.map((line) => line.length)).toEqual([64, 64, 64, 64, 64, 24]);
    expect(lines.join('')).toMatch(/^[A-Za-z0-9+/]{342}==$/);
    expect(application.decryptAuth(body.auth)).toEqual({
      auth_request: token,
      response: 'true',
      device_id: expect.stringMatching(/^[A-Za-z0-9]{16}$/),
      app_pins: '',
    });
  });

  it.each([
    [undefined, 'disapproved'],
    ['fraudulent', 'fraudulent'],
  ] as const)('serves a denial with its reason (%s)', async (reason, expected) => {
    const { engine, application, user } = await share();
    const token = await application.authorize(user);
    expect(await engine.answer(token, false, { reason })).toEqual({
      approved: false,
      reason: expected,
    });
    const { body } = await application.poll(token);
    expect(application.decryptAuth(body.auth)).toMatchObject({
      auth_request: token,
      response: 'false',
      reason: expected,
    });
  });

  it('gives the same answer again for as long as the session lives, and 70404 afterwards', async () => {
    const { engine, application, clock } = await start();
    const token = await application.authorize('alice');
    await engine.answer(token, true);
    const first = await application.poll(token);
    clock.advance(24 * 3_600_000);
    const stamped = clock.now();
    expect((await application.poll(token, { stamped })).body).toEqual(first.body);
    await engine.deorbit('alice');
    const ended = await application.poll(token, { stamped });
    expect([ended.status, ended.body.message_code]).toEqual([400, 70404]);
  });

  it.each([
    ['a denial', false, 'True'],
    ['an approved transaction', true, 'False'],
  ])('gives %s again until the request would have expired', async (_name, approve, session) => {
    const { engine, application, clock } = await start();
    const token = await application.authorize('alice', { session });
    await engine.answer(token, approve);
    const first = await application.poll(token);
    clock.advance(298_000);
    const again = await application.poll(token, { stamped: clock.now() });
    expect(again.body).toEqual(first.body);
    clock.advance(2000);
    const late = await application.poll(token, { stamped: clock.now() });
    expect(late.body.message_code).toBe(70404);
  });

  it('names a user by one hash per application', async () => {
    const { engine, application, user } = await share();
    const other = new Application(engine.url, await engine.createApp({ name: 'Other' }));
    const hash = async (asking: Application) => {
      const token = await asking.authorize(user);
      await engine.answer(token, true);
      return (await asking.poll(token)).body.user_hash;
    };
    const mine = await hash(application);
    expect(await hash(application)).toBe(mine);
    expect(await hash(other)).not.toBe(mine);
  });

  it('returns user_push_id exactly if it was asked for, and takes it as a user name', async () => {
    const { engine, application, user } = await share();
    const token = await application.authorize(user, { user_push_id: '1' });
    await engine.answer(token, true);
    const { body } = await application.poll(token);
    expect(Object.keys(body).sort()).toEqual(['auth', 'user_hash', 'user_push_id']);
    const pushed = await application.authorize(body.user_push_id);
    expect((await engine.requests(user)).map((one) => one.authRequest)).toEqual([pushed]);
    const other = new Application(engine.url, await engine.createApp({ name: 'Other' }));
    expect((await other.auths({ username: body.user_push_id })).body.message_code).toBe(40426);
  });

  it('takes the user hash that it returns as a user name, of the same application only', async () => {
    const { engine, application, user } = await share();
    const other = new Application(engine.url, await engine.createApp({ name: 'Other' }));
    const hashOf = async (asking: Application) => {
      const token = await asking.authorize(user);
      await engine.answer(token, true);
      return (await asking.poll(token)).body.user_hash;
    };
    const [own, foreign] = [await hashOf(application), await hashOf(other)];
    const asked = await application.authorize(own);
    expect((await engine.requests(user)).map((one) => one.authRequest)).toEqual([asked]);
    // A token of another application is as unknown as an invented one.
    const said = async (username: string) => (await application.auths({ username })).text;
    expect(await said(foreign)).toBe(await said('x'.repeat(43)));
    expect((await application.auths({ username: foreign })).body.message_code).toBe(40426);
  });

  it('returns the same organization_user to all applications of an organization', async () => {
    const { engine, application } = await start({ organization: 'Acme' });
    const sister = new Application(
      engine.url,
      await engine.createApp({ name: 'Sister', organization: 'Acme' }),
    );
    const names = [];
    for (const asking of [application, sister]) {
      const token = await asking.authorize('alice');
      await engine.answer(token, true);
      names.push((await asking.poll(token)).body.organization_user);
    }
    expect(names[0]).toMatch(/^[A-Za-z0-9]{43}$/);
    expect(names[1]).toBe(names[0]);
  });
});

describe('a held poll (Prefer: wait)', () => {
  it('is answered at the moment of the answer', async () => {
    const { engine, application } = await start();
    const token = await application.authorize('alice');
    const polls = [application.poll(token, { wait: 50 }), application.poll(token, { wait: 50 })];
    await heldPolls(engine.url, 2);
    await engine.answer(token, true);
    for (const { status, headers, body } of await Promise.all(polls)) {
      expect([status, headers['preference-applied']]).toEqual([200, 'wait']);
      expect(application.decryptAuth(body.auth).response).toBe('true');
    }
    await heldPolls(engine.url, 0);
  });

  it('is answered with pending when its time is up', async () => {
    const { application } = await start();
    const reply = await application.poll(await application.authorize('alice'), { wait: 1 });
    expect([reply.status, reply.body.message_code]).toEqual([400, 70403]);
    expect(reply.headers['preference-applied']).toBe('wait');
  });

  it('is answered at once if there is an answer, or nothing to wait for', async () => {
    const { engine, application } = await start();
    const token = await application.authorize('alice');
    await engine.answer(token, true);
    const answered = await application.poll(token, { wait: 50 });
    expect([answered.status, answered.headers['preference-applied']]).toEqual([200, 'wait']);
    expect((await application.poll('x'.repeat(32), { wait: 50 })).body.message_code).toBe(70402);
  });

  it('is released with 70404 when the clock passes the end of its request', async () => {
    const { engine, application, clock } = await start();
    const poll = application.poll(await application.authorize('alice'), { wait: 50 });
    await heldPolls(engine.url, 1);
    clock.advance(300_000);
    const reply = await poll;
    expect([reply.status, reply.body.message_code]).toEqual([400, 70404]);
  });

  it('is dropped when its client leaves', async () => {
    const { engine, application } = await start();
    const leaving = new AbortController();
    const token = await application.authorize('alice');
    const poll = application.poll(token, { wait: 50, signal: leaving.signal });
    await heldPolls(engine.url, 1);
    leaving.abort();
    await expect(poll).rejects.toThrow();
    await heldPolls(engine.url, 0);
  });

  it('is answered with 503 and Retry-After when the engine closes', async () => {
    const { engine, application } = await start();
    const poll = application.poll(await application.authorize('alice'), { wait: 50 });
    await heldPolls(engine.url, 1);
    await engine.close();
    const reply = await poll;
    expect([reply.status, reply.headers['retry-after']]).toEqual([503, '1']);
    expect(reply.headers['content-type']).toBe('text/plain; charset=utf-8');
  });

  it('is not held beyond the limit of held polls', async () => {
    const { engine, application } = await start({ limits: { heldPolls: 1 } });
    const token = await application.authorize('alice');
    const first = application.poll(token, { wait: 50 });
    await heldPolls(engine.url, 1);
    const second = await application.poll(token, { wait: 50 });
    expect(second.body.message_code).toBe(70403);
    expect(second.headers['preference-applied']).toBeUndefined();
    await engine.answer(token, true);
    expect((await first).status).toBe(200);
  });

  it.each([
    ['respond-async, wait=50', 'wait'],
    ['WAIT="50"', 'wait'],
    ['wait=50; foo', 'wait'],
    ['return=minimal', undefined],
    ['wait=soon', undefined],
    ['nowait=50', undefined],
  ])('reads "Prefer: %s"', async (prefer, applied) => {
    const { engine, application, user } = await share();
    const token = await application.authorize(user);
    await engine.answer(token, true);
    const query = new URLSearchParams({ ...(await application.envelope()), auth_request: token });
    const { headers } = await http(`${application.url}/poll?${query}`, { headers: { prefer } });
    expect(headers['preference-applied']).toBe(applied);
  });
});
