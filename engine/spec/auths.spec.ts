import { describe, expect, it } from 'vitest';
import { share, start } from './support/engine.js';

describe('POST /auths', () => {
  it.each(['>', '<', ')', '(', '@', ':', ';', '&'])(
    'refuses "%s" in a user name',
    async (character) => {
      const { application } = await share();
      const { status, body } = await application.auths({ username: `ali${character}ce` });
      expect([status, body.message_code, body.status_code, body.successful]).toEqual([
        400,
        40421,
        400,
        false,
      ]);
      expect(Object.keys(body.message)).toEqual(['username']);
      expect(body.message.username).toMatch(/^Invalid character used\./);
    },
  );

  it('refuses an unknown user with 40426', async () => {
    const { application } = await share();
    const { status, body } = await application.auths({ username: 'nobody' });
    expect([status, body.message_code]).toEqual([400, 40426]);
  });

  it('refuses a user without a device with 40424', async () => {
    const { engine, application } = await share();
    await engine.createUser('without', { device: false });
    const { status, body } = await application.auths({ username: 'without' });
    expect([status, body.message_code]).toEqual([400, 40424]);
  });

  it.each([
    ['no user name', { username: '' }],
    ['a session that is no boolean', { session: 'maybe' }],
    ['a user_push_id that is no boolean', { user_push_id: 'on' }],
    ['a number of one digit', { number_match: '7' }],
    ['a number of 13 digits', { number_match: '1234567890123' }],
    ['a number that has a sign', { number_match: '-12345' }],
    ['a token of its own that is too short', { auth_request: 'short' }],
    ['a policy that is not JSON', { policy: '{' }],
  ])('refuses %s with 40421', async (_name, parameters) => {
    const { application, user } = await share();
    const { status, body } = await application.auths({ username: user, ...parameters });
    expect([status, body.message_code]).toEqual([400, 40421]);
  });

  it('takes a context of 400 UTF-16 units and refuses one of 401', async () => {
    const { engine, application, user } = await share();
    const context = '\u{1F600}'.repeat(200);
    await application.authorize(user, { context });
    expect((await engine.requests(user))[0]?.context).toBe(context);
    const { body } = await application.auths({ username: user, context: `${context}!` });
    expect(body.message_code).toBe(40421);
    expect(Object.keys(body.message)).toEqual(['context']);
  });

  it('takes session as true and user_push_id as false when they are left out', async () => {
    const { engine, application, user } = await share();
    const authRequest = await application.authorize(user);
    expect(await engine.requests(user)).toMatchObject([{ session: true }]);
    await engine.answer(authRequest, true);
    expect((await application.poll(authRequest)).body).not.toHaveProperty('user_push_id');
  });

  it.each([
    ['True', true],
    ['False', false],
    ['true', true],
    ['false', false],
    ['1', true],
    ['0', false],
  ])('reads session=%s', async (session, expected) => {
    const { engine, application, user } = await share();
    await application.authorize(user, { session });
    expect(await engine.requests(user)).toMatchObject([{ session: expected }]);
  });

  it('takes a token that the application chose, once', async () => {
    const { application, user } = await share();
    const auth_request = 'a1b2c3d4e5f6g7h8a1b2c3d4e5f6g7h8';
    expect(await application.authorize(user, { auth_request })).toBe(auth_request);
    const again = await application.auths({ username: user, auth_request });
    expect([again.status, again.body.message_code]).toEqual([400, 40421]);
  });

  it('takes no token whose request is over', async () => {
    const { engine, application, user } = await share();
    const auth_request = 'z1b2c3d4e5f6g7h8a1b2c3d4e5f6g7h8';
    await engine.answer(await application.authorize(user, { auth_request }), true);
    expect((await application.log(auth_request, 'Revoke')).status).toBe(200);
    const again = await application.auths({ username: user, auth_request });
    expect(again.body.message_code).toBe(40421);
  });

  it('bounds the open requests of a user', async () => {
    const { engine, application, clock } = await start({ limits: { pendingPerUser: 2 } });
    await application.authorize('alice');
    await application.authorize('alice');
    const { body, headers } = await application.auths({ username: 'alice' });
    expect([body.message_code, headers['retry-after']]).toEqual([40436, '300']);
    clock.advance(200_000);
    const envelope = await application.stamped(clock.now());
    const later = await application.auths({ ...envelope, username: 'alice' });
    expect(Number(later.headers['retry-after'])).toBeGreaterThan(50);
    expect(Number(later.headers['retry-after'])).toBeLessThanOrEqual(100);
    clock.advance(99_000);
    expect((await engine.requests('alice')).length).toBe(2);
    clock.advance(1000);
    await application.authorize('alice', await application.stamped(clock.now()));
  });
});

describe('the rate limit', () => {
  it('lets one request in 5 seconds and three in 60 through, with Retry-After', async () => {
    const { engine, application, clock } = await start({ rateLimit: undefined });
    const ask = async (username = 'alice') => {
      const envelope = await application.stamped(clock.now());
      const { status, body, headers } = await application.auths({ ...envelope, username });
      return [status, body.message_code, headers['retry-after']];
    };
    await engine.createUser('bob');
    const passed = [200, undefined, undefined];
    expect(await ask()).toEqual(passed);
    const [status, code, wait] = await ask();
    expect([status, code]).toEqual([400, 40436]);
    expect(Number(wait)).toBeGreaterThan(0);
    expect(Number(wait)).toBeLessThanOrEqual(5);
    expect(await ask('bob')).toEqual(passed);
    clock.advance(5000);
    expect(await ask()).toEqual(passed);
    clock.advance(5000);
    expect(await ask()).toEqual(passed);
    clock.advance(5000);
    const [, minute, longer] = await ask();
    expect(minute).toBe(40436);
    expect(Number(longer)).toBeGreaterThan(30);
    clock.advance(Number(longer) * 1000);
    expect(await ask()).toEqual(passed);
  });

  it('counts the requests of all applications together', async () => {
    const { engine, application } = await start({ rateLimit: undefined });
    await application.authorize('alice');
    expect((await application.auths({ username: 'alice' })).body.message_code).toBe(40436);
    const { Application } = await import('./support/application.js');
    const other = new Application(engine.url, await engine.createApp({ name: 'Other' }));
    expect((await other.auths({ username: 'alice' })).body.message_code).toBe(40436);
    expect((await engine.requests('alice')).map(({ app }) => app.name)).toEqual(['Shop']);
  });

  it('can be set, and says which setting is wrong', async () => {
    const { application } = await start({ rateLimit: { windows: [{ requests: 2, seconds: 10 }] } });
    await application.authorize('alice');
    await application.authorize('alice');
    expect((await application.auths({ username: 'alice' })).body.message_code).toBe(40436);
  });
});

describe('a policy', () => {
  const policy = (minimum: object, factors: object[] = []) =>
    JSON.stringify({
      minimum_requirements: [{ requirement: 'authenticated', ...minimum }],
      factors,
    });
  const geofence = (locations: object[]) => [
    {
      factor: 'geofence',
      requirement: 'forced requirement',
      quickfail: true,
      priority: 1,
      attributes: { locations },
    },
  ];

  it('is shown with the request', async () => {
    const { engine, application, user } = await share();
    const locations = [{ radius: 100, latitude: 60.39, longitude: 5.32 }];
    await application.authorize(user, { policy: policy({ knowledge: 1 }, geofence(locations)) });
    expect((await engine.requests(user))[0]?.policy).toEqual({
      minimumRequirements: { all: 0, knowledge: 1, inherence: 0, possession: 0 },
      locations,
    });
  });

  it.each([
    ['no object', '[]'],
    ['all together with a named factor', policy({ all: 2, knowledge: 1 })],
    ['a negative number of factors', policy({ all: -1 })],
    ['an unknown factor', policy({}, [{ factor: 'weather' }])],
    ['two factors', policy({}, [...geofence([{}]), ...geofence([{}])])],
    ['a geofence without locations', policy({}, geofence([]))],
    [
      'a location beyond the pole',
      policy({}, geofence([{ radius: 1, latitude: 91, longitude: 0 }])),
    ],
    ['a number of factors that is an array', policy({ knowledge: [] })],
    ['a number of factors that is a boolean', policy({ knowledge: true })],
    ['an empty number of factors', policy({ knowledge: '' })],
    ['a location without radius', policy({}, geofence([{ latitude: 1, longitude: 0 }]))],
  ])('with %s is refused', async (_name, text) => {
    const { application, user } = await share();
    const { body } = await application.auths({ username: user, policy: text });
    expect(body.message_code).toBe(40421);
    expect(Object.keys(body.message)).toEqual(['policy']);
  });

  it('is approved on the virtual device if possession satisfies it', async () => {
    const { engine, application, user } = await share();
    const authRequest = await application.authorize(user, { policy: policy({ possession: 1 }) });
    expect(await engine.answer(authRequest, true)).toEqual({ approved: true });
  });

  it.each([
    ['two factors', policy({ all: 2 })],
    ['knowledge', policy({ knowledge: 1 })],
    ['a place', policy({}, geofence([{ radius: 1, latitude: 1, longitude: 1 }]))],
  ])('that wants %s is denied by the virtual device, with the reason', async (_name, text) => {
    const { engine, application, user } = await share();
    const authRequest = await application.authorize(user, { policy: text });
    expect(await engine.answer(authRequest, true)).toEqual({ approved: false, reason: 'policy' });
    const { body } = await application.poll(authRequest);
    expect(application.decryptAuth(body.auth)).toMatchObject({
      response: 'false',
      reason: 'policy',
    });
  });
});

describe('number matching', () => {
  it('offers several numbers, and approves with the right one', async () => {
    const { engine, application, user } = await share();
    const authRequest = await application.authorize(user, { number_match: '07' });
    const numbers = (await engine.requests(user))[0]?.numbers ?? [];
    expect(numbers).toContain('07');
    expect(new Set(numbers).size).toBe(4);
    expect(numbers.every((number) => /^\d\d$/.test(number))).toBe(true);
    expect(await engine.answer(authRequest, true, { number: 7 })).toEqual({ approved: true });
  });

  it.each([
    ['42', 10, 99],
    ['07', 0, 9],
  ])('offers numbers of the same range as %s', async (number_match, from, to) => {
    const { engine, application, user } = await share();
    for (let count = 0; count < 20; count += 1) {
      await application.authorize(user, { number_match });
    }
    const offered = (await engine.requests(user)).flatMap(({ numbers = [] }) => numbers);
    expect(offered).toHaveLength(80);
    expect(Math.min(...offered.map(Number))).toBeGreaterThanOrEqual(from);
    expect(Math.max(...offered.map(Number))).toBeLessThanOrEqual(to);
  });

  it.each(['123', '004213', '123456789012'])(
    'has the number %s typed, and tells its length only',
    async (number) => {
      const { engine, application, user } = await share();
      const authRequest = await application.authorize(user, {
        number_match: number,
        context: `Order 1\nNumber: ${number}`,
      });
      const [request] = await engine.requests(user);
      const { length: numberLength } = number;
      expect(request).toMatchObject({ numberLength, numbers: undefined, context: 'Order 1' });
      expect(Object.values(request ?? {})).not.toContain(number);
      expect(await engine.answer(authRequest, true, { number })).toEqual({ approved: true });
    },
  );

  it('takes a wrong typed number for a denial', async () => {
    const { engine, application, user } = await share();
    const authRequest = await application.authorize(user, { number_match: '123456' });
    const typed = await engine.answer(authRequest, true, { number: '123457' });
    expect(typed).toEqual({ approved: false, reason: 'number' });
  });

  it.each([
    ['Pay 42 euros\nNumber: 42', 'Pay 42 euros'],
    ['Number: 42', undefined],
    ['Zahlen?\nNummer: 42', 'Zahlen?'],
    ['Order 42', 'Order 42'],
    ['Order 42 of 43', 'Order 42 of 43'],
    ['Order 7', 'Order 7'],
  ])('shows the context without the line of the number: %j', async (context, shown) => {
    const { engine, application, user } = await share();
    await application.authorize(user, { number_match: '42', context });
    expect((await engine.requests(user))[0]?.context).toBe(shown);
  });

  it('takes a wrong pick for a denial', async () => {
    const { engine, application, user } = await share();
    const authRequest = await application.authorize(user, { number_match: '07' });
    const picked = await engine.answer(authRequest, true, { number: '70' });
    expect(picked).toEqual({ approved: false, reason: 'number' });
    const { body } = await application.poll(authRequest);
    expect(application.decryptAuth(body.auth)).toMatchObject({
      response: 'false',
      reason: 'number',
    });
    expect(await engine.sessions(user)).toEqual([]);
  });

  it('needs a number to approve, and none to deny', async () => {
    const { engine, application, user } = await share();
    const authRequest = await application.authorize(user, { number_match: '07' });
    await expect(engine.answer(authRequest, true)).rejects.toMatchObject({
      code: 'ENGINE_NUMBER_REQUIRED',
    });
    expect(await engine.answer(authRequest, false)).toEqual({
      approved: false,
      reason: 'disapproved',
    });
  });
});
