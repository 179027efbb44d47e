import { describe, expect, it } from 'vitest';
import { start } from './support/engine.js';

describe('a login', () => {
  it('goes from the push to the answer, its report and its end', async () => {
    const { engine, application } = await start();
    const authRequest = await application.authorize('alice', { context: 'Order 1' });
    expect(authRequest).toMatch(/^[a-z0-9]{32}$/);

    const [shown] = await engine.requests('alice');
    expect(shown).toMatchObject({
      authRequest,
      app: { name: 'Shop', appKey: application.credentials.appKey },
      username: 'alice',
      context: 'Order 1',
      session: true,
    });
    const held = application.poll(authRequest, { wait: 20 });
    expect(await engine.answer(authRequest, true)).toEqual({ approved: true });

    const reply = await held;
    expect(reply.status).toBe(200);
    expect(reply.headers['preference-applied']).toBe('wait');
    expect(reply.body.user_hash).toMatch(/^[A-Za-z0-9]{43}$/);
    expect(application.decryptAuth(reply.body.auth)).toMatchObject({
      auth_request: authRequest,
      response: 'true',
    });
    expect(await engine.requests('alice')).toEqual([]);

    expect((await application.log(authRequest, 'Authenticate')).body).toEqual({
      message: 'Successfully updated',
    });
    expect(await engine.sessions('alice')).toMatchObject([
      { authRequest, app: { name: 'Shop' }, state: 'open', confirmed: true },
    ]);
    expect((await application.log(authRequest, 'Revoke')).status).toBe(200);
    expect(await engine.sessions('alice')).toEqual([]);
    expect((await application.poll(authRequest)).body.message_code).toBe(70404);
  });
});
