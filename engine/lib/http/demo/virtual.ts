import type { FastifyInstance } from 'fastify';
import type { DenialReason } from '../../data/ports/requests.js';
import { FailedTries } from '../../domain/failed-tries.js';
import type { Services } from '../../domain/services.js';
import { type EngineErrorCode, LaunchKeyEngineError } from '../../errors.js';
import { ChangeStreams } from './changes.js';
import { fromThePage, notLocal, refuse } from './guard.js';
import { userState } from './state.js';

const STATUS: Partial<Record<EngineErrorCode, number>> = {
  ENGINE_LIMIT: 429,
  ENGINE_UNKNOWN_APP: 404,
  ENGINE_UNKNOWN_USER: 404,
  ENGINE_UNKNOWN_REQUEST: 404,
  ENGINE_UNKNOWN_CODE: 404,
  ENGINE_REQUEST_ANSWERED: 409,
  ENGINE_REQUEST_EXPIRED: 410,
};

interface ByUser {
  Querystring: { user?: unknown };
}

/** What the demo's page asks of the virtual device: for browsers on the engine's own machine only. */
export async function virtualDevice(app: FastifyInstance, services: Services): Promise<void> {
  const streams = new ChangeStreams(services);
  const tries = new FailedTries(services.clock);
  app.addHook('preClose', async () => streams.close());
  app.addHook('onRequest', async (request, reply) => {
    const why = notLocal(request, services.address.loopbackPort);
    if (why) return refuse(reply, why);
    if (!fromThePage(request)) return refuse(reply, 'Only the page itself may call this.');
    const json = /^application\/json\b/i.test(request.headers['content-type'] ?? '');
    if (request.method === 'POST' && !json) return refuse(reply, 'JSON is expected here.');
    reply.header('cache-control', 'no-store');
    return undefined;
  });
  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    const known = error instanceof LaunchKeyEngineError ? error : undefined;
    const status = known ? (STATUS[known.code] ?? 400) : (error.statusCode ?? 500);
    if (status >= 500) services.logger.error({ err: error }, 'the authenticator failed');
    const message = status >= 500 ? 'The engine failed to do this.' : error.message;
    return reply.code(status).send({ error: { code: known?.code, message } });
  });

  app.get<ByUser>('/state', async (request) => userState(services, name(request.query.user)));
  app.get<ByUser>('/changes', async (request, reply) =>
    streams.start(reply, name(request.query.user)),
  );
  app.post('/answer', async (request) => {
    const { user, authRequest, approve, number, reason } = members(request.body);
    const { request: open } = await services.requests.open(name(authRequest));
    if (open.username !== name(user)) throw unknownRequest();
    if (typeof approve !== 'boolean') throw invalid('approve must be true or false.');
    return await services.virtualDevice.answer(open.authRequest, approve, {
      number: number === undefined ? undefined : name(number),
      reason: reason as DenialReason | undefined,
    });
  });
  app.post('/end', async (request) => {
    const { user, appKey } = members(request.body);
    const { id, deviceId } = await services.users.require(name(user));
    const key = appKey === undefined ? undefined : name(appKey);
    if (key !== undefined) await services.apps.require(key);
    return { ended: (await services.sessions.deorbit(id, key, deviceId)).length };
  });
  app.post('/pair', async (request) => {
    const code = name(members(request.body).code);
    const succeed = tries.begin(request.ip);
    if (typeof succeed === 'number') throw tooManyTries();
    const username = await services.whiteLabel.pair(code);
    succeed();
    return { username };
  });
}

function members(body: unknown): Record<string, unknown> {
  if (typeof body === 'object' && body !== null) return body as Record<string, unknown>;
  throw invalid('The body must be a JSON object.');
}

function name(value: unknown): string {
  if (typeof value === 'string' && value !== '' && value.length <= 300) return value;
  throw invalid('A name is needed.');
}

function invalid(message: string): LaunchKeyEngineError {
  return new LaunchKeyEngineError('ENGINE_INVALID_OPTION', message);
}

function tooManyTries(): LaunchKeyEngineError {
  return new LaunchKeyEngineError(
    'ENGINE_LIMIT',
    'Too many invalid pairing codes. Try again in a minute.',
  );
}

function unknownRequest(): LaunchKeyEngineError {
  return new LaunchKeyEngineError(
    'ENGINE_UNKNOWN_REQUEST',
    'This user has no such request: it may have been answered elsewhere.',
  );
}
