import multipart from '@fastify/multipart';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isOutage } from '../../data/data-faults.js';
import type { Services } from '../../domain/services.js';
import { auths } from './auths.js';
import { type Call, CallRefusal, incorrectData } from './call-refusal.js';
import { decodeText, parseForm } from './form.js';
import { logs } from './logs.js';
import { ping } from './ping.js';
import { poll } from './poll.js';
import { sendError, sendRefusal, sendUnavailable, UNREADABLE } from './respond.js';
import { userDevices, users } from './users.js';

/** Largest body in bytes: the longest policy, percent-encoded, and an envelope. */
export const MAX_BODY_BYTES = 65_536;

type Handler = (
  services: Services,
  request: FastifyRequest,
  reply: FastifyReply,
) => Promise<FastifyReply>;

/** The v1 API. No schemas and no request logs lie between a call and its handler, for speed. */
export async function v1(app: FastifyInstance, services: Services): Promise<void> {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'buffer' }, readForm);
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, parseJson);
  // Other bodies are ignored: the parameters can be in the query.
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, _body, done) => done(null));
  await app.register(multipart, {
    attachFieldsToBody: 'keyValues',
    // One character for each byte, which `readParameters` decodes as in a form.
    defCharset: 'latin1',
    limits: { fields: 20, fieldNameSize: 50, fieldSize: 10_000, files: 0, parts: 20 },
  });
  app.addHook('onRequest', limitMultipart);

  route(app, services, 'ping', 'GET', ping);
  route(app, services, 'auths', 'POST', auths);
  route(app, services, 'poll', ['GET', 'POST'], poll);
  route(app, services, 'logs', 'PUT', logs);
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) =>
      done(null, body),
    );
    route(scope, services, 'users', 'POST', users);
    route(scope, services, 'users', 'POST', userDevices, '/users/devices');
  });
  app.setNotFoundHandler((_request, reply) =>
    sendError(reply, 400, 'Unknown call. The calls are ping, auths, poll, logs and users.'),
  );
}

function route(
  app: FastifyInstance,
  services: Services,
  call: Call,
  method: string | string[],
  handler: Handler,
  url = `/${call}`,
): void {
  const calls = services.faults.watch('call failed inside the engine', 'calls succeed again', {
    isOutage,
  });
  const fail = (error: unknown, { id: requestId }: FastifyRequest, reply: FastifyReply) => {
    if (error instanceof CallRefusal) {
      services.metrics.call(call, error.code(call));
      return sendRefusal(reply, call, error);
    }
    services.metrics.call(call, 'error');
    calls.failed(error, { requestId, call });
    return sendUnavailable(reply);
  };
  app.route({
    method,
    url,
    handler: async (request, reply) => {
      try {
        const sent = await handler(services, request, reply);
        services.metrics.call(call, 'answered');
        calls.worked();
        return sent;
      } catch (error) {
        return fail(error, request, reply);
      }
    },
    errorHandler: (error: FastifyError, request, reply) => {
      // Errors below 500 come from parsing the request, so the client caused them.
      const isOurs = (error.statusCode ?? 400) >= 500;
      return fail(isOurs ? error : incorrectData(UNREADABLE), request, reply);
    },
  });
}

/** The multipart parser reads from the connection itself, so the limit of other bodies does not apply. */
function limitMultipart(
  request: FastifyRequest,
  reply: FastifyReply,
  done: (error?: Error) => void,
): void {
  const { 'content-type': type, 'content-length': length } = request.headers;
  if (!type || !/^\s*multipart\//i.test(type) || Number(length) <= MAX_BODY_BYTES) {
    done();
    return;
  }
  reply.header('connection', 'close');
  done(Object.assign(new Error('The body is too large.'), { statusCode: 413 }));
}

function readForm(
  _request: FastifyRequest,
  body: Buffer,
  done: (error: Error | null, value?: unknown) => void,
): void {
  done(null, parseForm(body.toString('latin1')));
}

function parseJson(
  _request: FastifyRequest,
  body: Buffer,
  done: (error: Error | null, value?: unknown) => void,
): void {
  try {
    done(null, body.length === 0 ? undefined : JSON.parse(decodeText(body)));
  } catch {
    done(Object.assign(new Error('The body is not JSON.'), { statusCode: 400 }));
  }
}
