import { createPublicKey, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Device, jwkThumbprint } from './support/device.js';
import { type Started, share, start } from './support/engine.js';
import { http, type Reply } from './support/http.js';
import { heldDevices } from './support/metrics.js';

/** A device of the user's, paired by a code. */
async function pairedDevice() {
  const { engine, application, user } = await share();
  const { code } = await engine.pairDevice(user);
  return { engine, application, user, device: await Device.paired(engine.url, code) };
}

const code = (reply: { body: { error: { code: string } } }) => reply.body.error?.code;

describe('pairing', () => {
  it('makes a device by a typed code, however it is typed, and ends the virtual one', async () => {
    const { engine, user } = await share();
    const offer = await engine.pairDevice(user);
    expect(offer.code).toMatch(/^[A-HJ-NP-Z2-9]{10}$/);
    const device = await Device.make(engine.url);
    const typed = ` ${offer.code.slice(0, 5).toLowerCase()}-${offer.code.slice(5)}`;
    const reply = await device.pair(typed, { name: 'My phone' });
    expect(reply.body).toEqual({
      device: { id: expect.any(String), name: 'My phone' },
      token: expect.stringMatching(/^[A-Za-z0-9]{43}$/),
      username: user,
    });
    expect(await engine.devices(user)).toMatchObject([{ id: device.id, name: 'My phone' }]);
    expect((await device.state()).body).toMatchObject({ username: user, requests: [] });
    await expect(engine.pair((await engine.pairDevice(user)).code)).rejects.toMatchObject({
      code: 'ENGINE_NO_VIRTUAL_DEVICE',
    });
  });

  it('takes the secret of the link in the place of the code', async () => {
    const { engine, user } = await share();
    const { url } = await engine.pairDevice(user);
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/authenticator#pair=[A-Za-z0-9_-]{43}$/);
    const secret = url.split('#pair=')[1] ?? '';
    expect((await Device.paired(engine.url, secret)).username).toBe(user);
  });

  it('works once, by the code or by the link', async () => {
    const { engine, user } = await share();
    const { code: typed, url } = await engine.pairDevice(user);
    await Device.paired(engine.url, typed);
    for (const used of [typed, url.split('#pair=')[1] ?? '']) {
      const reply = await (await Device.make(engine.url)).pair(used);
      expect([reply.status, code(reply)]).toEqual([404, 'unknown_code']);
    }
    expect(await engine.devices(user)).toHaveLength(1);
  });

  it('ends after ten minutes', async () => {
    const { engine, clock } = await start();
    const { code: typed, qrcode } = await engine.pairDevice('alice');
    expect((await http(qrcode)).status).toBe(200);
    clock.advance(600_000);
    const device = await Device.make(engine.url, clock.now);
    expect(code(await device.pair(typed))).toBe('unknown_code');
    expect((await http(qrcode)).status).toBe(404);
  });

  it('lets an address fail ten times in a minute, and succeed as often as it likes', async () => {
    const { engine } = await start();
    for (let count = 0; count < 10; count += 1) {
      await Device.paired(engine.url, (await engine.pairDevice('alice')).code);
    }
    const device = await Device.make(engine.url);
    const statuses = [];
    for (let guess = 0; guess < 11; guess += 1) {
      statuses.push((await device.pair('AAAAAAAAAA')).status);
    }
    expect(statuses).toEqual([...Array(10).fill(404), 429]);
    const last = await device.pair('AAAAAAAAAA');
    expect([code(last), Number(last.headers['retry-after'])]).toEqual([
      'too_many',
      expect.toSatisfy((seconds: number) => seconds > 0 && seconds <= 60),
    ]);
  });

  it('pairs by a link at an address that has failed ten times with codes', async () => {
    const { engine } = await start();
    const device = await Device.make(engine.url);
    for (let guess = 0; guess < 10; guess += 1) await device.pair('AAAAAAAAAA');
    const { code: typed, url } = await engine.pairDevice('alice');
    expect(code(await device.pair(typed))).toBe('too_many');
    expect((await device.pair(url.split('#pair=')[1] ?? '')).status).toBe(200);
  });

  it('lets all addresses together try 120 typed codes in a minute, and links beyond', async () => {
    const { engine } = await start();
    const { code: typed, url } = await engine.pairDevice('alice');
    for (let guess = 0; guess < 120; guess += 1) {
      await expect(engine.pair('AAAAAAAAAA')).rejects.toMatchObject({
        code: 'ENGINE_UNKNOWN_CODE',
      });
    }
    const device = await Device.make(engine.url);
    expect(code(await device.pair(typed))).toBe('too_many');
    expect((await device.pair(url.split('#pair=')[1] ?? '')).status).toBe(200);
  });

  it('is refused without the key that is to be paired', async () => {
    const { engine, user } = await share();
    const { code: typed } = await engine.pairDevice(user);
    const device = await Device.make(engine.url);
    const other = await Device.make(engine.url);
    const foreign = await device.pair(typed, { publicKey: await other.publicKey() });
    expect([foreign.status, code(foreign)]).toEqual([401, 'signature']);
    const keyId = await jwkThumbprint(other.keys.publicKey);
    const body = { code: typed, name: 'x', publicKey: await other.publicKey() };
    const named = await device.send(await device.sign({ path: 'pair', body, keyId, token: '' }));
    expect([named.status, code(named)]).toEqual([401, 'signature']);
    expect((await device.pair(typed)).status).toBe(200);
  });

  it.each([
    ['no name', { name: ' ' }],
    ['a name that is too long', { name: 'x'.repeat(51) }],
    ['a name with control characters', { name: 'a\u0007b' }],
    ['a key of another curve', { publicKey: { kty: 'EC', crv: 'P-384', x: 'x', y: 'y' } }],
    [
      'a point off the curve',
      { publicKey: { kty: 'EC', crv: 'P-256', x: 'A'.repeat(43), y: 'B'.repeat(43) } },
    ],
    ['a code that is no text', { code: 5 }],
  ])('is refused with %s', async (_name, given) => {
    const { engine, user } = await share();
    const { code: typed } = await engine.pairDevice(user);
    const body = { code: typed, name: 'x', ...given };
    const device = await Device.make(engine.url);
    const publicKey = await device.publicKey();
    const keyId = await jwkThumbprint(device.keys.publicKey);
    const sent = await device.sign({
      path: 'pair',
      body: { publicKey, ...body },
      keyId,
      token: '',
      headers: {},
    });
    const reply = await device.send(sent);
    expect([reply.status, code(reply)]).toEqual([400, 'invalid']);
  });

  it('gives a user as many devices as are allowed', async () => {
    const { engine } = await start({ limits: { devicesPerUser: 2 } });
    const pair = async () => {
      const device = await Device.make(engine.url);
      return await device.pair((await engine.pairDevice('alice')).code);
    };
    expect((await pair()).status).toBe(200);
    expect((await pair()).status).toBe(200);
    expect(code(await pair())).toBe('full');
  });
});

describe('a request of a device', () => {
  it('is refused when it is made again', async () => {
    const { device } = await pairedDevice();
    const call = await device.sign({ path: 'state' });
    expect((await device.send(call)).status).toBe(200);
    const again = await device.send(call);
    expect([again.status, code(again)]).toEqual([401, 'replay']);
  });

  it('answers nothing when a signed answer is replayed with another body', async () => {
    const { engine, application, user, device } = await pairedDevice();
    const authRequest = await application.authorize(user);
    const [request] = (await device.state()).body.requests;
    const call = await device.sign({ path: 'answer', body: device.answerBody(request, false) });
    const altered = { ...call, body: call.body?.replace('false', 'true') };
    expect(code(await device.send(altered))).toBe('signature');
    expect(await engine.requests(user)).toMatchObject([{ authRequest }]);
  });

  it('is refused with a copied token and another key', async () => {
    const { device } = await pairedDevice();
    const thief = await Device.make(device.base);
    thief.id = device.id;
    thief.token = device.token;
    const reply = await thief.state();
    expect([reply.status, code(reply)]).toEqual([401, 'signature']);
  });

  it('is refused with the key and the token of another device', async () => {
    const { device } = await pairedDevice();
    const { device: other } = await pairedDevice();
    const reply = await device.send(await device.sign({ path: 'state', token: other.token }));
    expect([reply.status, code(reply)]).toEqual([401, 'unpaired']);
    expect(code(await device.send(await device.sign({ path: 'state', token: '' })))).toBe(
      'unpaired',
    );
  });

  it.each([
    ['another method', { method: 'PUT' }],
    ['another path', { targetUri: 'TARGET/other' }],
    ['another host', { targetUri: 'http://other.example.com/authenticator/api/state' }],
  ])(
    'is refused when it was signed for %s',
    async (_name, { method, targetUri }: { method?: string; targetUri?: string }) => {
      const { device } = await pairedDevice();
      const signed = targetUri?.replace('TARGET', `${device.base}/authenticator/api`);
      const call = await device.sign({ path: 'state', method, targetUri: signed });
      const reply = await device.send({ ...call, method: 'GET' });
      expect([reply.status, code(reply)]).toEqual([401, 'signature']);
    },
  );

  it('is refused when it names a host that is not the engine', async () => {
    const { device } = await pairedDevice();
    const targetUri = 'http://evil.example.com/authenticator/api/state';
    const call = await device.sign({
      path: 'state',
      targetUri,
      headers: { host: 'evil.example.com' },
    });
    expect(code(await device.send(call))).toBe('signature');
  });

  it('is taken under the public URL, and under no other name', async () => {
    const { engine } = await start({ publicUrl: 'https://lk.example.com/base/' });
    const device = await Device.make(engine.url);
    const { code: typed, url } = await engine.pairDevice('alice');
    expect(url).toMatch(/^https:\/\/lk\.example\.com\/base\/authenticator#pair=/);
    const body = { code: typed, name: 'Phone', publicKey: await device.publicKey() };
    const keyId = await jwkThumbprint(device.keys.publicKey);
    const sign = (targetUri?: string) =>
      device.sign({ path: 'pair', body, keyId, token: '', targetUri });
    expect(code(await device.send(await sign()))).toBe('signature');
    const target = 'https://lk.example.com/base/authenticator/api/pair';
    expect((await device.send(await sign(target))).status).toBe(200);
  });

  it.each([-62, 62])(
    'is refused when it was signed %s seconds off, and told the time',
    async (off) => {
      const { device } = await pairedDevice();
      const created = Math.floor(Date.now() / 1000) + off;
      const reply = await device.send(await device.sign({ path: 'state', created }));
      expect([reply.status, code(reply)]).toEqual([401, 'clock']);
      expect(Math.abs(reply.body.error.now - Date.now())).toBeLessThan(30_000);
    },
  );

  it.each([
    ['no signature', { signature: '' }],
    ['no input', { 'signature-input': '' }],
    ['a label of its own', { 'signature-input': 'sig1=("@method");created=1' }],
    ['a signature of nothing', { signature: 'launchkey=::' }],
    ['another algorithm', { alg: 'hmac-sha256' }],
    ['fewer components', { components: '("@method")' }],
    [
      'a digest that it does not have',
      { components: '("@method" "@target-uri" "content-digest")' },
    ],
  ])(
    'is refused with %s',
    async (_name, { alg, components, ...headers }: Record<string, string>) => {
      const { device } = await pairedDevice();
      const call = await device.sign({ path: 'state', headers });
      const input = call.headers['signature-input'] ?? '';
      if (alg) call.headers['signature-input'] = input.replace('ecdsa-p256-sha256', alg);
      if (components) call.headers['signature-input'] = input.replace(/\([^)]*\)/, components);
      const reply = await device.send(call);
      expect([reply.status, code(reply)]).toEqual([401, 'signature']);
    },
  );

  it('is refused with a body that the signature does not cover', async () => {
    const { device } = await pairedDevice();
    const call = await device.sign({ path: 'resume', method: 'POST' });
    const headers = { ...call.headers, 'content-type': 'application/json' };
    expect(code(await device.send({ ...call, headers, body: '{}' }))).toBe('signature');
  });

  it('is refused with a body of more than 32 KiB, or of another kind', async () => {
    const { device } = await pairedDevice();
    const large = await device.sign({ path: 'push', body: { x: 'x'.repeat(33_000) } });
    expect((await device.send(large)).status).toBeGreaterThanOrEqual(400);
    const call = await device.sign({
      path: 'resume',
      body: {},
      headers: { 'content-type': 'text/plain' },
    });
    expect(code(await device.send(call))).toBe('invalid');
  });

  it('is told to come later when there are too many of one device', async () => {
    const { device } = await pairedDevice();
    const statuses = new Set<number>();
    for (let count = 0; count < 310; count += 1) statuses.add((await device.state()).status);
    expect(statuses).toEqual(new Set([200, 429]));
  });
});

describe('the state of a device', () => {
  it('shows requests, sessions and devices, and nothing that would answer for the user', async () => {
    const { engine, application, user, device } = await pairedDevice();
    const authRequest = await application.authorize(user, {
      context: 'Order 1',
      number_match: '42',
    });
    const { body, headers } = await device.state();
    expect(headers.etag).toBe(`"${body.version}"`);
    expect(headers['cache-control']).toBe('no-store');
    expect(body.requests).toEqual([
      {
        authRequest,
        app: {
          name: 'Shop',
          appKey: application.credentials.appKey,
          publicKey: application.credentials.publicKey.replace(/-----[^-]+-----|\n/g, ''),
        },
        context: 'Order 1',
        session: true,
        numbers: expect.arrayContaining(['42']),
        denialOnly: false,
        createdAt: expect.any(Number),
        expiresAt: body.requests[0].createdAt + 300_000,
      },
    ]);
    expect(body.device).toEqual({
      id: device.id,
      name: 'Phone',
      push: false,
      knowledge: false,
      webauthn: null,
    });
    expect(body.devices).toMatchObject([{ id: device.id, name: 'Phone' }]);
    await device.answer(true, { number: '42' });
    expect((await device.state()).body.sessions).toMatchObject([
      { app: { name: 'Shop' }, count: 1, state: 'open' },
    ]);
    const ended = await device.post('sessions/end', { appKey: application.credentials.appKey });
    expect(ended.body).toEqual({ ended: 1 });
    expect(await engine.sessions(user)).toMatchObject([{ state: 'pending clear' }]);
    expect((await engine.audit({ username: user, limit: 1 }))[0]).toMatchObject({
      kind: 'sessions.ended',
      appKey: application.credentials.appKey,
      details: { by: device.id },
    });
  });

  it('is held until something changes', async () => {
    const { application, user, device } = await pairedDevice();
    const before = (await device.state()).body;
    const held = device.state(before.version);
    const authRequest = await application.authorize(user);
    const reply = await held;
    expect(reply.status).toBe(200);
    expect(reply.headers['preference-applied']).toBe('wait');
    expect(reply.body.requests).toMatchObject([{ authRequest }]);
  });

  it('is given at once where the version is another', async () => {
    const { device } = await pairedDevice();
    expect((await device.state('older')).status).toBe(200);
  });

  it('is said to be the same after the time that was asked for', async () => {
    const { device } = await pairedDevice();
    const { version } = (await device.state()).body;
    const reply = await device.state(version, 1);
    expect([reply.status, reply.text, reply.headers.etag]).toEqual([304, '', `"${version}"`]);
  });

  it('lets a new held request of the same device release the one before', async () => {
    const { engine } = await start();
    const device = await Device.paired(engine.url, (await engine.pairDevice('alice')).code);
    const { version } = (await device.state()).body;
    const first = device.state(version, 60);
    await heldDevices(engine.url, 1);
    const second = device.state(version, 1);
    expect((await first).status).toBe(304);
    expect((await second).status).toBe(304);
  });

  it('leaves nothing behind when the device leaves', async () => {
    const { engine } = await start();
    const device = await Device.paired(engine.url, (await engine.pairDevice('alice')).code);
    const { version } = (await device.state()).body;
    const leaving = new AbortController();
    const held = device.state(version, 60, leaving.signal);
    await heldDevices(engine.url, 1);
    leaving.abort();
    await expect(held).rejects.toThrow();
    await heldDevices(engine.url, 0);
  });

  it('ends with 503 when the engine closes', async () => {
    const { engine } = await start();
    const device = await Device.paired(engine.url, (await engine.pairDevice('alice')).code);
    const { version } = (await device.state()).body;
    const held = device.state(version, 60);
    await heldDevices(engine.url, 1);
    await engine.close();
    expect((await held).status).toBe(503);
  });
});

describe('unpairing', () => {
  it('ends the held requests of the device at once if the operator does it, and the requests that no device can answer', async () => {
    const { engine, application } = await start();
    const user = 'alice';
    const device = await Device.paired(engine.url, (await engine.pairDevice(user)).code);
    const authRequest = await application.authorize(user);
    const polled = application.poll(authRequest, { wait: 60 });
    const { version } = (await device.state()).body;
    const held = device.state(version, 60);
    await heldDevices(engine.url, 1);
    await engine.unpairDevice(user, device.id);
    const reply = await held;
    expect([reply.status, code(reply)]).toEqual([401, 'unpaired']);
    expect((await polled).body.message_code).toBe(70404);
    expect((await application.auths({ username: user })).body.message_code).toBe(40424);
    await expect(engine.unpairDevice(user, device.id)).rejects.toMatchObject({
      code: 'ENGINE_UNKNOWN_DEVICE',
    });
  });

  it('leaves the requests to the other devices if a device does it', async () => {
    const { engine, application, user, device } = await pairedDevice();
    const { body: offer } = await device.post('devices/code');
    const second = await Device.paired(engine.url, offer.code);
    const authRequest = await application.authorize(user);
    expect((await second.post('devices/unpair', { deviceId: device.id })).body).toEqual({});
    expect(code(await device.state())).toBe('unpaired');
    expect((await second.answer(true)).body).toEqual({ approved: true });
    expect((await application.poll(authRequest)).status).toBe(200);
    expect(await engine.audit({ username: user })).toMatchObject([
      { kind: 'request.approved', deviceId: second.id },
      { kind: 'device.unpaired', deviceId: device.id, details: { by: second.id } },
      { kind: 'request.created' },
      { kind: 'device.paired', deviceId: second.id },
      { kind: 'pairing.offered', details: { by: device.id } },
      { kind: 'device.paired', deviceId: device.id },
      { kind: 'pairing.offered', details: { by: 'operator' } },
      { kind: 'user.created' },
    ]);
  });

  it('ends the held requests of a lost device at once, and that device can answer no more', async () => {
    const { engine, application, user, device } = await pairedDevice();
    const finder = await Device.paired(engine.url, (await engine.pairDevice(user)).code);
    const authRequest = await application.authorize(user);
    const { version, requests } = (await device.state()).body;
    const answer = device.answerBody(requests[0], true);
    const held = device.state(version, 60);
    await finder.post('devices/unpair', { deviceId: device.id });
    const replies = [await held, await device.post('answer', answer)];
    for (const reply of replies) expect([reply.status, code(reply)]).toEqual([401, 'unpaired']);
    expect((await application.poll(authRequest)).body.message_code).toBe(70403);
    expect((await application.log(authRequest, 'Authenticate')).body.message_code).toBe(50446);
  });

  it('is refused for devices of another user, and so is renaming', async () => {
    const { engine, user, device } = await pairedDevice();
    const { device: foreign, user: other } = await pairedDevice();
    for (const path of ['devices/unpair', 'devices/rename']) {
      const reply = await device.post(path, { deviceId: foreign.id, name: 'Mine' });
      expect([reply.status, code(reply)]).toEqual([404, 'unknown_device']);
    }
    expect(await engine.devices(other)).toMatchObject([{ name: 'Phone' }]);
    await device.post('devices/rename', { deviceId: device.id, name: 'Tablet' });
    expect(await engine.devices(user)).toMatchObject([{ name: 'Tablet' }]);
  });
});

describe('an answer of a device', () => {
  it('reaches the application as the device has encrypted it, and leaves a receipt', async () => {
    const { engine, application, user, device } = await pairedDevice();
    const authRequest = await application.authorize(user);
    const [request] = (await device.state()).body.requests;
    const body = device.answerBody(request, true);
    const call = await device.sign({ path: 'answer', body });
    expect((await device.send(call)).body).toEqual({ approved: true });
    const { auth } = (await application.poll(authRequest)).body;
    expect(application.decryptAuth(auth)).toEqual({
      auth_request: authRequest,
      response: 'true',
      device_id: device.id,
      app_pins: '',
    });
    expect((await application.log(authRequest, 'Authenticate')).status).toBe(200);
    const receipt = await engine.receipt(authRequest);
    expect(receipt).toMatchObject({ deviceId: device.id, approved: true, body: call.body });
    if (!receipt) throw new Error('no receipt');
    const key = createPublicKey({ key: { ...receipt.publicKey }, format: 'jwk' });
    const signature = Buffer.from(receipt.signature, 'base64');
    const data = Buffer.from(receipt.signed);
    expect(verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true);
    expect(receipt.signed).toContain(`"content-digest": ${call.headers['content-digest']}`);
    expect(JSON.stringify(receipt)).not.toContain(device.token);
  });

  it('counts once: the first of two devices', async () => {
    const { engine, application, user, device } = await pairedDevice();
    const second = await Device.paired(engine.url, (await engine.pairDevice(user)).code);
    const authRequest = await application.authorize(user);
    const [request] = (await device.state()).body.requests;
    const replies = await Promise.all([
      device.post('answer', device.answerBody(request, true)),
      second.post('answer', second.answerBody(request, false)),
    ]);
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 409]);
    const winner = replies[0].status === 200 ? device : second;
    const { auth } = (await application.poll(authRequest)).body;
    expect(application.decryptAuth(auth).device_id).toBe(winner.id);
  });

  it('is accepted again from the same device, and changes nothing', async () => {
    const { application, user, device } = await pairedDevice();
    await application.authorize(user);
    const [request] = (await device.state()).body.requests;
    const body = device.answerBody(request, true);
    expect((await device.post('answer', body)).status).toBe(200);
    expect((await device.post('answer', body)).body).toEqual({ approved: true });
    expect(code(await device.post('answer', device.answerBody(request, false)))).toBe('answered');
  });

  it('is not taken for the request of another user', async () => {
    const { application, user, device } = await pairedDevice();
    const { device: foreign } = await pairedDevice();
    await application.authorize(user);
    const [request] = (await device.state()).body.requests;
    const reply = await foreign.post('answer', foreign.answerBody(request, true));
    expect([reply.status, code(reply)]).toEqual([404, 'unknown_request']);
    // The message is for phones: it names no method of the program API.
    expect(reply.body.error.message).toBe('The user has no such request.');
    expect((await device.answer(false)).status).toBe(200);
    expect(code(await foreign.post('answer', foreign.answerBody(request, true)))).toBe(
      'unknown_request',
    );
  });

  it.each([
    ['no decision', { approved: 'yes' }],
    ['a denial without a reason', { approved: false, reason: null }],
    ['a denial with a reason of its own', { approved: false, reason: 'because' }],
    ['an approval with a reason', { reason: 'disapproved' }],
    ['no package', { auth: undefined }],
    ['a package of another size', { auth: 'AAAA' }],
    ['a package with line breaks', { auth: 'BROKEN' }],
    ['nothing about the key', { keyDigest: undefined }],
    ['no request', { authRequest: undefined }],
  ])('is refused with %s', async (_name, given: Record<string, unknown>) => {
    const { engine, application, user, device } = await pairedDevice();
    await application.authorize(user);
    const [request] = (await device.state()).body.requests;
    const body = { ...device.answerBody(request, true), ...given };
    if (given.auth === 'BROKEN') {
      body.auth = device.answerBody(request, true).auth.replace(/.{64}/g, '$&\r\n');
    }
    const reply = await device.post('answer', body);
    expect([reply.status, code(reply)]).toEqual([400, 'invalid']);
    expect(await engine.requests(user)).toHaveLength(1);
  });

  it('is too late when the request has expired', async () => {
    const { engine, application, clock } = await start();
    const device = await Device.paired(
      engine.url,
      (await engine.pairDevice('alice')).code,
      clock.now,
    );
    await application.authorize('alice');
    const [request] = (await device.state()).body.requests;
    clock.advance(300_000);
    const reply = await device.post('answer', device.answerBody(request, true));
    expect([reply.status, code(reply)]).toEqual([410, 'expired']);
  });

  it('allows only a denial on every device after a wrong number', async () => {
    const { engine, application, user, device } = await pairedDevice();
    const second = await Device.paired(engine.url, (await engine.pairDevice(user)).code);
    const authRequest = await application.authorize(user, { number_match: '42' });
    expect(code(await device.answer(true))).toBe('invalid');
    expect(code(await device.answer(true, { number: '43' }))).toBe('wrong_number');
    for (const one of [device, second]) {
      expect((await one.state()).body.requests).toMatchObject([{ denialOnly: true }]);
      expect(code(await one.answer(true, { number: '42' }))).toBe('denial_only');
    }
    expect((await application.log(authRequest, 'Authenticate')).body.message_code).toBe(50446);
    expect((await device.answer(false, { reason: 'number' })).body).toEqual({ approved: false });
    const { auth } = (await application.poll(authRequest)).body;
    expect(application.decryptAuth(auth)).toMatchObject({ response: 'false', reason: 'number' });
  });

  it('allows only a denial on every device after a wrong typed number, which no device is told', async () => {
    const { engine, application, user, device } = await pairedDevice();
    const second = await Device.paired(engine.url, (await engine.pairDevice(user)).code);
    const number = '938471';
    await application.authorize(user, { number_match: number, context: `Pay\nNumber: ${number}` });
    const replies = [await device.state()];
    expect(replies[0]?.body.requests).toMatchObject([{ context: 'Pay', numberLength: 6 }]);
    expect(replies[0]?.body.requests[0]).not.toHaveProperty('numbers');
    for (const wrong of ['93847', '9384711', '93847a']) {
      expect(code(await device.answer(true, { number: wrong }))).toBe('invalid');
    }
    replies.push(await device.answer(true, { number: '938472' }));
    expect(code(replies[1] as Reply)).toBe('wrong_number');
    for (const one of [device, second]) {
      replies.push(await one.state());
      expect(replies.at(-1)?.body.requests).toMatchObject([{ denialOnly: true }]);
      expect(code(await one.answer(true, { number }))).toBe('denial_only');
    }
    replies.push(await device.answer(false, { reason: 'number' }));
    for (const { text, headers } of replies) {
      expect(`${text} ${JSON.stringify(headers)}`).not.toContain(number);
    }
    const kinds = (await engine.audit({ username: user })).map(({ kind }) => kind);
    expect(kinds.slice(0, 2)).toEqual(['request.denied', 'request.wrong_number']);
  });

  it('logs in no user if it tells the application and the engine different things', async () => {
    const { application, user, device } = await pairedDevice();
    const authRequest = await application.authorize(user);
    const [request] = (await device.state()).body.requests;
    const { auth } = device.answerBody(request, true);
    const lie = device.answerBody(request, false, { auth });
    expect((await device.post('answer', lie)).body).toEqual({ approved: false });
    expect((await application.log(authRequest, 'Authenticate')).body.message_code).toBe(50446);
  });

  it('cannot be given by the virtual device any more', async () => {
    const { engine, application, user } = await pairedDevice();
    const authRequest = await application.authorize(user);
    await expect(engine.answer(authRequest, true)).rejects.toMatchObject({
      code: 'ENGINE_NO_VIRTUAL_DEVICE',
    });
    const reply = await http(`${engine.url}/authenticator/virtual/answer`, {
      method: 'POST',
      headers: { origin: engine.url, 'content-type': 'application/json' },
      body: JSON.stringify({ user, authRequest, approve: true }),
    });
    expect(reply.status).toBe(400);
  });
});

describe('a report of fraud', () => {
  /** Asks by the engine's clock, which these tests move. */
  async function ask({ application, clock }: Pick<Started, 'application' | 'clock'>) {
    const envelope = await application.stamped(clock.now());
    return await application.form('POST', '/auths', { ...envelope, username: 'alice' });
  }

  it('pauses requests to the user for longer each time, and is told to the operator', async () => {
    const { engine, application, clock } = await start();
    const device = await Device.paired(
      engine.url,
      (await engine.pairDevice('alice')).code,
      clock.now,
    );
    for (const minutes of [5, 15, 60, 240, 1440, 1440]) {
      expect((await ask({ application, clock })).status).toBe(200);
      expect((await device.answer(false, { reason: 'fraudulent' })).status).toBe(200);
      const refused = await ask({ application, clock });
      expect(refused.body.message_code).toBe(40436);
      const seconds = Number(refused.headers['retry-after']);
      expect(seconds).toBeGreaterThan(minutes * 60 - 30);
      expect(seconds).toBeLessThanOrEqual(minutes * 60);
      expect((await device.state()).body.pausedUntil).toBe(
        (await engine.pausedUntil('alice'))?.getTime(),
      );
      // The longest pauses last longer than the day after which the count restarts.
      if (minutes === 1440) await engine.endPause('alice');
      else clock.advance(minutes * 60_000);
    }
    expect(await engine.audit({ username: 'alice', limit: 500 })).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ kind: 'fraud.reported', deviceId: device.id }),
        expect.objectContaining({ kind: 'fraud.pause_ended' }),
      ]),
    );
    expect((await http(`${engine.url}/metrics`)).text).toContain('launchkey_fraud_reports_total 6');
  });

  it('is forgotten after a day, and the pause ends when the user says so', async () => {
    const { engine, application, clock } = await start();
    const device = await Device.paired(
      engine.url,
      (await engine.pairDevice('alice')).code,
      clock.now,
    );
    const report = async () => {
      await ask({ application, clock });
      await device.answer(false, { reason: 'fraudulent' });
      const { now, pausedUntil } = (await device.state()).body;
      return Math.round((pausedUntil - now) / 60_000);
    };
    expect(await report()).toBe(5);
    await device.post('resume');
    expect((await device.state()).body.pausedUntil).toBeNull();
    expect(await report()).toBe(15);
    clock.advance(24 * 3_600_000);
    expect(await report()).toBe(5);
  });
});
