import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Authenticator } from './support/authenticator.js';
import { Device, jwkThumbprint, makeKey, publicJwk, signBytes } from './support/device.js';
import { share } from './support/engine.js';

interface Asked {
  authRequest: string;
  auth: string;
}

/** A paired device, and requests with a policy that it answers. */
async function pairedDevice() {
  const { engine, application, user } = await share();
  const device = await Device.paired(engine.url, (await engine.pairDevice(user)).code);
  const ask = async (minimum: object, locations: object[] = []): Promise<Asked> => {
    const factors = locations.length
      ? [{ factor: 'geofence', attributes: { locations } }]
      : undefined;
    const policy = JSON.stringify({ minimum_requirements: [minimum], ...(factors && { factors }) });
    const authRequest = await application.authorize(user, { policy });
    const { requests } = (await device.state()).body;
    const request = requests.find((one: Asked) => one.authRequest === authRequest);
    return device.answerBody(request, true);
  };
  const approve = (answer: Asked, proofs?: object) => device.post('answer', { ...answer, proofs });
  return { engine, device, ask, approve };
}

type Paired = Awaited<ReturnType<typeof pairedDevice>>;

/** A key that a PIN unwraps, registered. */
async function withPin({ device }: Paired) {
  const { privateKey, publicKey } = await makeKey();
  const reply = await device.post('factors/knowledge', { publicKey: await publicJwk(publicKey) });
  expect(reply.body).toEqual({});
  return {
    privateKey,
    prove: async (answer: Asked) => ({
      knowledge: await signBytes(privateKey, device.challenge(answer)),
    }),
  };
}

/** An authenticator such as a fingerprint reader, registered. */
async function withWebauthn({ engine, device }: Paired) {
  const authenticator = new Authenticator();
  const { challenge } = (await device.post('factors/webauthn/options')).body;
  const response = authenticator.create(challenge, { origin: engine.url });
  const reply = await device.post('factors/webauthn', { response });
  expect(reply.body).toEqual({
    credentialId: authenticator.id.toString('base64url'),
    transports: ['internal'],
  });
  const prove = (answer: Asked, { origin = engine.url, verifies = true } = {}) => ({
    webauthn: authenticator.get(device.challenge(answer).toString('base64url'), {
      origin,
      verifies,
    }),
  });
  return { authenticator, prove };
}

const refused = (reply: {
  status: number;
  body: { error?: { code: string; missing?: string[] } };
}) => [reply.status, reply.body.error?.code, reply.body.error?.missing];

describe('an approval of a request with a policy', () => {
  it.each([
    ['knowledge', { knowledge: 1 }, 'knowledge'],
    ['inherence', { inherence: 1 }, 'inherence'],
    ['possession of two things', { possession: 2 }, 'possession'],
    ['two factors', { all: 2 }, 'factors'],
  ])(
    'that asks for %s is refused without proofs, and can be denied',
    async (_what, minimum, missing) => {
      const { device, ask, approve } = await pairedDevice();
      const answer = await ask(minimum);
      expect(refused(await approve(answer))).toEqual([422, 'policy', [missing]]);
      expect((await device.answer(false, { reason: 'policy' })).body).toEqual({ approved: false });
    },
  );

  it('is taken with possession alone where that is all', async () => {
    const { ask, approve } = await pairedDevice();
    expect((await approve(await ask({ possession: 1 }))).body).toEqual({ approved: true });
  });

  it('is taken with the proof of a PIN', async () => {
    const paired = await pairedDevice();
    const { prove } = await withPin(paired);
    for (const minimum of [{ knowledge: 1 }, { all: 2 }]) {
      const answer = await paired.ask(minimum);
      expect((await paired.approve(answer, await prove(answer))).body).toEqual({ approved: true });
    }
  });

  it('is refused with the proof of a PIN for another answer, or by the key of the device', async () => {
    const paired = await pairedDevice();
    const { device, ask, approve } = paired;
    const { prove } = await withPin(paired);
    const [other, answer] = [await ask({ knowledge: 1 }), await ask({ knowledge: 1 })];
    const byTheDevice = await signBytes(device.keys.privateKey, device.challenge(answer));
    for (const proofs of [await prove(other), { knowledge: byTheDevice }, { knowledge: '' }]) {
      expect(refused(await approve(answer, proofs))).toEqual([422, 'policy', ['knowledge']]);
    }
    expect((await approve(answer, await prove(answer))).status).toBe(200);
  });

  it('is taken with the proof of a fingerprint, which is a second thing as well', async () => {
    const paired = await pairedDevice();
    const { prove } = await withWebauthn(paired);
    for (const minimum of [{ inherence: 1 }, { possession: 2 }, { all: 2 }]) {
      const answer = await paired.ask(minimum);
      expect((await paired.approve(answer, prove(answer))).body).toEqual({ approved: true });
    }
  });

  it('is refused with a fingerprint for another answer, on another page, or with a mere touch', async () => {
    const paired = await pairedDevice();
    const { ask, approve } = paired;
    const { prove } = await withWebauthn(paired);
    const [other, answer] = [await ask({ inherence: 1 }), await ask({ inherence: 1 })];
    const stranger = new Authenticator();
    const challenge = paired.device.challenge(answer).toString('base64url');
    for (const proofs of [
      prove(other),
      prove(answer, { origin: 'http://evil.example.com' }),
      prove(answer, { verifies: false }),
      { webauthn: stranger.get(challenge, { origin: paired.engine.url }) },
    ]) {
      expect(refused(await approve(answer, proofs))).toEqual([422, 'policy', ['inherence']]);
    }
    expect((await approve(answer, prove(answer))).status).toBe(200);
  });

  it('is refused with a copy of an authenticator, whose counter stands still', async () => {
    const paired = await pairedDevice();
    const { authenticator, prove } = await withWebauthn(paired);
    const copy = Object.assign(new Authenticator(), authenticator);
    const first = await paired.ask({ inherence: 1 });
    expect((await paired.approve(first, prove(first))).status).toBe(200);
    const answer = await paired.ask({ inherence: 1 });
    const challenge = paired.device.challenge(answer).toString('base64url');
    const webauthn = copy.get(challenge, { origin: paired.engine.url });
    expect(refused(await paired.approve(answer, { webauthn }))).toEqual([
      422,
      'policy',
      ['inherence'],
    ]);
  });

  it('accepts an approval inside its geofence if the position is recent and exact', async () => {
    const { ask, approve } = await pairedDevice();
    const place = { radius: 200, latitude: 52.5, longitude: 13.4 };
    const answer = await ask({ possession: 1 }, [place]);
    const inside = { index: 0, accuracy: 50, at: Date.now() };
    for (const location of [
      undefined,
      { ...inside, index: 1 },
      { ...inside, index: -1 },
      { ...inside, accuracy: 201 },
      { ...inside, accuracy: -1 },
      { ...inside, at: inside.at - 130_000 },
      { ...inside, at: inside.at + 90_000 },
      { ...inside, at: String(inside.at) },
    ]) {
      expect(refused(await approve(answer, { location }))).toEqual([422, 'policy', ['location']]);
    }
    expect((await approve(answer, { location: inside })).body).toEqual({ approved: true });
  });
});

describe('setting up a factor', () => {
  it('replaces a PIN only with a proof by the previous one', async () => {
    const paired = await pairedDevice();
    const { device } = paired;
    const { privateKey } = await withPin(paired);
    const next = await makeKey();
    const publicKey = await publicJwk(next.publicKey);
    const thumbprint = await jwkThumbprint(next.publicKey);
    const text = `launchkey-knowledge\n${device.id}\n${thumbprint}`;
    const digest = createHash('sha256').update(text).digest();
    for (const proof of [undefined, await signBytes(next.privateKey, digest)]) {
      const reply = await device.post('factors/knowledge', { publicKey, proof });
      expect(refused(reply)).toEqual([409, 'enrolled', undefined]);
    }
    const proof = await signBytes(privateKey, digest);
    expect((await device.post('factors/knowledge', { publicKey, proof })).status).toBe(200);
  });

  it('does not take the key of the device for a PIN', async () => {
    const { device } = await pairedDevice();
    const reply = await device.post('factors/knowledge', { publicKey: await device.publicKey() });
    expect(refused(reply)).toEqual([400, 'invalid', undefined]);
  });

  it('takes one authenticator, by the challenge that was given and with the user verified', async () => {
    const paired = await pairedDevice();
    const { engine, device } = paired;
    const authenticator = new Authenticator();
    const { origin } = new URL(engine.url);
    const early = authenticator.create('AAAA', { origin });
    expect((await device.post('factors/webauthn', { response: early })).status).toBe(400);
    const { challenge } = (await device.post('factors/webauthn/options')).body;
    for (const response of [
      early,
      authenticator.create(challenge, { origin: 'http://evil.example.com' }),
      authenticator.create(challenge, { origin, verifies: false }),
    ]) {
      expect((await device.post('factors/webauthn', { response })).status).toBe(400);
    }
    await withWebauthn(paired);
    const second = await device.post('factors/webauthn/options');
    expect(refused(second)).toEqual([409, 'enrolled', undefined]);
  });
});
