import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isOutage } from '../../data/data-faults.js';
import type { DeviceRecord } from '../../data/ports/devices.js';
import { invalid } from '../../domain/refusals.js';
import type { Services } from '../../domain/services.js';
import type { SignedRequest } from '../../domain/signed-request.js';
import type { Party } from '../../domain/webauthn.js';
import type { Watched } from '../../observability/faults.js';
import { preferredWait } from '../v1/prefer.js';
import { DeviceError } from './device-error.js';
import { nextState } from './next-state.js';
import { readSignature } from './signature.js';
import { targetBase } from './target.js';
import { orRefuse } from './words.js';

/** Largest body in bytes. A WebAuthn registration needs a quarter of it. */
const MAX_BODY_BYTES = 32_768;

/** An authenticated request of a paired device. */
interface Call {
  device: DeviceRecord;
  members: Record<string, unknown>;
  body: string;
  signed: SignedRequest;
  party: Party;
  /** Names the HTTP request in the log. */
  requestId: string;
}

/** The API for paired devices, see DEVICE-PROTOCOL.md. */
export async function deviceApi(app: FastifyInstance, services: Services): Promise<void> {
  const { answers, devices, factors, fraud, pairings, pushSubscriptions, sessions, withdrawals } =
    services;
  app.removeAllContentTypeParsers();
  // The raw bytes are kept, because the digest covers them.
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer', bodyLimit: MAX_BODY_BYTES },
    (_request, body, done) => done(null, body),
  );
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store');
  });
  const requests = services.faults.watch('device request failed', 'device requests succeed again', {
    isOutage,
  });
  app.setErrorHandler((error, request, reply) => fail(requests, error, request, reply));
  app.addHook('onResponse', async (_request, { statusCode }) => {
    if (statusCode < 500) requests.worked();
  });

  const post = (path: string, act: (call: Call) => Promise<object | undefined | void>) =>
    app.post(
      `/${path}`,
      async (request) => orRefuse(await act(await admit(services, request))) ?? {},
    );

  app.post('/pair', async (request) => {
    const { signed, members } = readRequest(services, request);
    const { code, name, publicKey } = members;
    const paired = await devices.pair({ code, name, publicKey }, signed, request.ip);
    const { device, token, username } = orRefuse(paired);
    return { device: { id: device.id, name: device.name }, token, username };
  });
  app.get('/state', async (request, reply) => {
    const { device } = await admit(services, request);
    const waitMs = preferredWait(request.headers.prefer) * 1000;
    const known = /^"([A-Za-z0-9_-]{1,64})"$/.exec(request.headers['if-none-match'] ?? '')?.[1];
    const state = await nextState(services, device, known, known ? waitMs : 0, reply);
    if (waitMs > 0) reply.header('preference-applied', 'wait');
    if (!state) return reply.code(304).header('etag', `"${known}"`).send();
    return reply.header('etag', `"${state.version}"`).send(state.body);
  });
  post('answer', ({ device, ...sent }) => answers.take(device, sent));
  post('report', ({ device, members, requestId }) =>
    withdrawals.report(device, members.authRequest, requestId),
  );
  post('expect', ({ device }) => services.expectedLogins.expect(device));
  post('sessions/end', async ({ device, members }) => {
    const { appKey } = members;
    if (appKey !== undefined && typeof appKey !== 'string') return invalid('appKey', 'a string');
    return { ended: (await sessions.deorbit(device.userId, appKey, device.id)).length };
  });
  post('devices/code', async ({ device }) => {
    const offer = await pairings.offer(device.userId);
    const about = { userId: device.userId, deviceId: device.id };
    await services.audit.write('pairing.offered', about, { by: device.id });
    return offer;
  });
  post('devices/rename', ({ device, members }) =>
    devices.rename(device.userId, members.deviceId, members.name),
  );
  post('devices/unpair', ({ device, members }) =>
    devices.unpair(device.userId, members.deviceId, device.id),
  );
  post('factors/knowledge', ({ device, members: { publicKey, proof } }) =>
    factors.enrolKnowledge(device, { publicKey, proof }),
  );
  post('factors/webauthn/options', async ({ device, party }) => {
    const { username } = orRefuse(await devices.owner(device));
    return await factors.webauthnOptions(device, username, party);
  });
  post('factors/webauthn', ({ device, members, party }) =>
    factors.enrolWebauthn(device, members.response, party),
  );
  post('push', ({ device, members }) => pushSubscriptions.set(device, members.subscription));
  post('resume', ({ device }) => fraud.endPause(device.userId, device.id));
}

/** Returns the authenticated request of a paired device, or throws. */
async function admit(services: Services, request: FastifyRequest): Promise<Call> {
  const read = readRequest(services, request);
  const { authorization } = request.headers;
  const device = await services.failedCalls.watch(request, () =>
    services.devices.authenticate(authorization, read.signed),
  );
  return { ...read, device: orRefuse(device) };
}

function readRequest(services: Services, request: FastifyRequest): Omit<Call, 'device'> {
  const base = targetBase(services, request);
  const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const signed = readSignature({
    method: request.method,
    targetUri: `${base}${request.raw.url}`,
    body: bytes,
    headers: request.headers,
  });
  const body = bytes.toString('utf8');
  const members = request.method === 'POST' ? readMembers(body) : {};
  const party = { origin: new URL(base).origin };
  return { signed, body, members, party, requestId: request.id };
}

function readMembers(body: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    value = undefined;
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new DeviceError('invalid', 'The body must be a JSON object.');
}

function fail(
  requests: Watched,
  error: unknown,
  { id: requestId }: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const refused = asDeviceError(error);
  if (refused.code === 'unavailable' && refused !== error) requests.failed(error, { requestId });
  const { status, code, message, extra, retryAfterMs } = refused;
  if (retryAfterMs !== undefined) reply.header('retry-after', Math.ceil(retryAfterMs / 1000));
  return reply.code(status).send({ error: { code, message, ...extra } });
}

function asDeviceError(error: unknown): DeviceError {
  if (error instanceof DeviceError) return error;
  // Fastify reports a body that it cannot read with a status below 500.
  const { statusCode = 500 } = error as { statusCode?: number };
  return statusCode < 500
    ? new DeviceError('invalid', 'The request must be JSON of at most 32 KiB.')
    : new DeviceError('unavailable', 'The engine failed to do this. Try again.');
}
