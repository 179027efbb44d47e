import type { FastifyInstance } from 'fastify';
import type { DenialReason } from '../../data/ports/requests.js';
import type { UserRecord } from '../../data/ports/users.js';
import { FailedTries } from '../../domain/failed-tries.js';
import type { Services } from '../../domain/services.js';
import { ChangeStreams } from './changes.js';
import {
  DemoError,
  invalidMember,
  orRefuse,
  unknownApp,
  unknownRequest,
  unknownUser,
} from './demo-error.js';
import { isFromThePage, refuseRemote, sendForbidden } from './guard.js';
import { userState } from './state.js';

const MAX_NAME_LENGTH = 300;

interface ByUser {
  Querystring: { user?: unknown };
}

/** The API of the demo page, which answers on virtual devices. Only this machine's browsers reach it. */
export async function virtualDevice(app: FastifyInstance, services: Services): Promise<void> {
  const streams = new ChangeStreams(services);
  const tries = new FailedTries(services.clock);
  app.addHook('preClose', async () => streams.close());
  app.addHook('onRequest', async (request, reply) => {
    const { address, virtualDevice } = services;
    const why = refuseRemote(request, address.loopbackPort, virtualDevice.enabled);
    if (why) return sendForbidden(reply, why);
    if (!isFromThePage(request)) return sendForbidden(reply, 'Only the page itself can call this.');
    const isJson = /^application\/json\b/i.test(request.headers['content-type'] ?? '');
    if (request.method === 'POST' && !isJson) return sendForbidden(reply, 'The body must be JSON.');
    reply.header('cache-control', 'no-store');
    return undefined;
  });
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    if (error instanceof DemoError) {
      const { status, code, message } = error;
      return reply.code(status).send({ error: { code, message } });
    }
    const { statusCode: status = 500 } = error;
    if (status >= 500) {
      const details = { requestId: request.id, err: error };
      services.logger.error(details, 'request of the demo page failed');
    }
    const message = status >= 500 ? 'The engine failed to do this. Try again.' : error.message;
    return reply.code(status).send({ error: { message } });
  });

  app.get<ByUser>('/state', async (request) =>
    userState(services, await findUser(services, request.query.user)),
  );
  app.get<ByUser>('/changes', async (request, reply) =>
    streams.start(reply, await findUser(services, request.query.user)),
  );
  app.post('/answer', async (request) => {
    const { user, authRequest, approve, number, reason } = members(request.body);
    const open = orRefuse(await services.requests.open(text('authRequest', authRequest)));
    if (open.request.username !== text('user', user)) throw unknownRequest();
    if (typeof approve !== 'boolean') throw invalidMember('approve', 'true or false');
    const answered = await services.virtualDevice.answer(open.request.authRequest, approve, {
      number: number === undefined ? undefined : text('number', number),
      reason: reason as DenialReason | undefined,
    });
    return orRefuse(answered);
  });
  app.post('/end', async (request) => {
    const { user, appKey } = members(request.body);
    const { id, deviceId } = await findUser(services, user);
    const key = appKey === undefined ? undefined : text('appKey', appKey);
    if (key !== undefined && !(await services.apps.get(key))) throw unknownApp();
    return { ended: (await services.sessions.deorbit(id, key, deviceId)).length };
  });
  app.post('/pair', async (request) => {
    const code = text('code', members(request.body).code);
    const succeed = tries.begin(request.ip);
    const paired =
      typeof succeed === 'number'
        ? ({ refused: 'too_many_codes', from: 'address', retryAfterMs: succeed } as const)
        : await services.whiteLabel.pair(code);
    const { username } = orRefuse(paired);
    if (typeof succeed === 'function') succeed();
    return { username };
  });
}

async function findUser({ users }: Services, name: unknown): Promise<UserRecord> {
  const user = await users.byName(text('user', name));
  if (!user) throw unknownUser();
  return user;
}

function members(body: unknown): Record<string, unknown> {
  if (typeof body === 'object' && body !== null) return body as Record<string, unknown>;
  throw invalidMember('The body', 'a JSON object');
}

function text(member: string, value: unknown): string {
  const fits = typeof value === 'string' && value !== '' && value.length <= MAX_NAME_LENGTH;
  if (fits) return value;
  throw invalidMember(member, `a string of 1 to ${MAX_NAME_LENGTH} characters`);
}
