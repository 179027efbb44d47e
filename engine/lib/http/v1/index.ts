import multipart from '@fastify/multipart';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Refusal } from '../../domain/refusal.js';
import type { Services } from '../../domain/services.js';
import { auths } from './auths.js';
import { decodeText, parseForm } from './form.js';
import { logs } from './logs.js';
import { ping } from './ping.js';
import { poll } from './poll.js';
import {
  type Call,
  messageCode,
  sendError,
  sendRefusal,
  sendUnavailable,
  UNREADABLE,
} from './respond.js';
import { users } from './users.js';

/** The largest body in bytes: a policy of the longest kind, percent-encoded, and an envelope. */
export const BODY_LIMIT = 65_536;

type Handler = (
  services: Services,
  request: FastifyRequest,
  reply: FastifyReply,
) => Promise<FastifyReply>;

/** The v1 API. Thin on purpose: no schemas and no request logs between a call and its handler. */
export async function v1(app: FastifyInstance, services: Services): Promise<void> {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'buffer' }, readForm);
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, parseJson);
  // Whatever else is sent, parameters may still be in the query.
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, _body, done) => done(null));
  await app.register(multipart, {
    attachFieldsToBody: 'keyValues',
    // One character for each byte: `readParameters` decodes them as it does those of a form.
    defCharset: 'latin1',
    limits: { fields: 20, fieldNameSize: 50, fieldSize: 10_000, files: 0, parts: 20 },
  });
  app.addHook('onRequest', boundMultipart);

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
  });
  app.setNotFoundHandler((_request, reply) =>
    sendError(reply, 400, 'There is no such call: see ping, auths, poll, logs and users.'),
  );
}

function route(
  app: FastifyInstance,
  services: Services,
  call: Call,
  method: string | string[],
  handler: Handler,
): void {
  const fail = (error: unknown, reply: FastifyReply) => {
    const refusal = error instanceof Refusal ? error : undefined;
    const code = refusal && messageCode(call, refusal.reason);
    services.metrics.call(call, code ?? 'error');
    if (refusal) return sendRefusal(reply, call, refusal);
    services.logger.error({ err: error, call }, 'a call failed inside the engine');
    return sendUnavailable(reply);
  };
  app.route({
    method,
    url: `/${call}`,
    handler: async (request, reply) => {
      try {
        const sent = await handler(services, request, reply);
        services.metrics.call(call, 'answered');
        return sent;
      } catch (error) {
        return fail(error, reply);
      }
    },
    errorHandler: (error: FastifyError, _request, reply) => {
      // Before the handler only the reading of the request can fail, and that is the client's doing.
      if ((error.statusCode ?? 400) >= 500) return fail(error, reply);
      services.metrics.call(call, messageCode(call, 21));
      return sendError(reply, 400, UNREADABLE, messageCode(call, 21));
    },
  });
}

/** The multipart parser reads from the connection itself, past the bound on all other bodies. */
function boundMultipart(
  request: FastifyRequest,
  reply: FastifyReply,
  done: (error?: Error) => void,
): void {
  const { 'content-type': type, 'content-length': length } = request.headers;
  if (!type || !/^\s*multipart\//i.test(type) || Number(length) <= BODY_LIMIT) {
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
