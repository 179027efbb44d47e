import fastifyCookie from '@fastify/cookie';
import fastifyFormbody from '@fastify/formbody';
import { Authenticator } from '@fastify/passport';
import fastifySession from '@fastify/session';
import fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type PassportUser,
} from 'fastify';
import { LaunchKeyError, LaunchKeyStrategy, type LoginInfo, MemoryStore } from 'passport-launchkey';
import { homePage, loginPage, messagePage } from './pages.js';

declare module 'fastify' {
  interface PassportUser {
    /** The engine's stable name of the user for this application. */
    id: string;
    name: string;
  }
  interface Session {
    messages?: string[];
  }
}

type Fields = Record<string, unknown>;

/** What the application must be told; see demo.ts for a complete start. */
export interface AppOptions {
  /** At least 32 characters. */
  sessionSecret: string;
  /** Where the engine's API is, and who this application is to it. */
  launchkey: { apiBaseUrl: string; appKey: string; secretKey: string; privateKey: string };
  /** Shown on the login page of the demo: where to approve. */
  authenticatorUrl?: string;
}

export function createApp(options: AppOptions): FastifyInstance {
  const users = new Map<string, PassportUser>();
  // One store for both strategies, so that an event reaches the logins of either.
  const common = {
    ...options.launchkey,
    store: new MemoryStore(),
    context: 'Log in to the example',
  };
  const verify = async (id: string, { username }: { username: string }) => {
    const user = users.get(id) ?? { id, name: username };
    users.set(id, user);
    return user;
  };
  // For browsers, which wait on a page; and for programs, which are told to ask again.
  const strategy = new LaunchKeyStrategy(
    {
      ...common,
      answers: 'both',
      pending: 'redirect',
      waitUrl: '/login/wait',
      // One tap approves; examples/express shows a number to type.
      numberMatching: false,
    },
    verify,
  );
  const apiStrategy = new LaunchKeyStrategy(
    { ...common, answers: 'both', pending: 'accept', name: 'launchkey-api' },
    verify,
  );

  const passport = new Authenticator();
  passport.use(strategy);
  passport.use(apiStrategy);
  passport.registerUserSerializer(async (user: PassportUser) => user.id);
  passport.registerUserDeserializer(async (id: string) => users.get(id) ?? null);

  const app = fastify();
  app.register(fastifyFormbody);
  app.setErrorHandler(showError);

  // The engine sends events here when a user answers or logs out on the phone. It has no session.
  app.route<{ Querystring: Fields; Body: Fields | undefined }>({
    method: ['GET', 'POST'],
    url: '/launchkey/callback',
    handler: async ({ query, body }, reply) => {
      const { status } = await strategy.handleEvent({ ...query, ...body });
      return reply.code(status).send(status === 200 ? 'ok\n' : 'not accepted\n');
    },
  });

  app.register(async (web) => {
    web.register(fastifyCookie);
    web.register(fastifySession, {
      secret: options.sessionSecret,
      saveUninitialized: false,
      // Not written again by requests that only look, such as those that wait.
      rolling: false,
      // In production: secure: true, behind TLS, and a session store that lasts.
      cookie: { httpOnly: true, sameSite: 'lax', secure: false },
    });
    web.register(passport.initialize());
    web.register(passport.secureSession());
    web.after(() => {
      // After passport's own hook: ends logins that were ended on the phone.
      web.addHook('preValidation', async (request) => {
        await strategy.checkSession(request);
        await apiStrategy.checkSession(request);
      });
    });

    web.get('/', async (request, reply) => {
      if (!request.user) return reply.redirect('/login');
      return html(reply, homePage(request.user.name));
    });
    web.get('/login', async (request, reply) => {
      const [message] = request.session.messages ?? [];
      if (message) request.session.set('messages', []);
      return html(reply, loginPage({ message, authenticatorUrl: options.authenticatorUrl }));
    });
    web.post(
      '/login',
      {
        onRequest: sameOrigin,
        preValidation: passport.authenticate('launchkey', {
          successRedirect: '/',
          failureRedirect: '/login',
          failureMessage: true,
        }),
      },
      // The strategy has redirected, and the response may still wait for the session store.
      async (_request, reply) => reply,
    );
    web.route({
      method: ['GET', 'POST'],
      url: '/login/wait',
      handler: async (request, reply) => {
        const { status, headers, body } = await strategy.handleWaiting(request);
        return reply.code(status).headers(headers).send(body);
      },
    });
    web.post('/logout', { onRequest: sameOrigin }, async (request, reply) => {
      await logOut(request);
      return reply.redirect('/login');
    });

    web.post(
      '/api/login',
      {
        onRequest: sameOrigin,
        preValidation: passport.authenticate(
          'launchkey-api',
          async (request, reply, error, user, info) => {
            if (error) throw error;
            if (!user) return refuse(reply, info as LoginInfo);
            await request.logIn(user as PassportUser);
          },
        ),
      },
      async ({ user }) => ({ user }),
    );
    web.get('/api/me', async ({ user }, reply) => {
      return user ? { user } : reply.code(401).send({ message: 'No user is logged in.' });
    });
    web.post('/api/logout', { onRequest: sameOrigin }, async (request, reply) => {
      await logOut(request);
      return reply.code(204).send();
    });
  });

  /** Tells the engine first, by the note in the session that `logout()` takes away. */
  async function logOut(request: FastifyRequest): Promise<void> {
    await strategy.logout(request);
    await apiStrategy.logout(request);
    await request.logout();
  }

  return app;
}

/** Responds with the reason why the user is not logged in yet: 202 pending, 401, 400, or 429 with `Retry-After`. */
function refuse(reply: FastifyReply, info: LoginInfo): void {
  if (info.retryAfter !== undefined) reply.header('retry-after', info.retryAfter);
  reply.code(info.status).send(info);
}

function html(reply: FastifyReply, page: string): FastifyReply {
  return reply.type('text/html; charset=utf-8').send(page);
}

/** Rejects forms from other sites: a login that another site started would belong to its owner. */
async function sameOrigin({ headers }: FastifyRequest, reply: FastifyReply) {
  const site = headers['sec-fetch-site'];
  const { origin, host } = headers;
  const same = site
    ? site === 'same-origin'
    : !origin || (URL.canParse(origin) && new URL(origin).host === host);
  if (same) return;
  return html(reply.code(403), messagePage('This form was sent by another site.'));
}

function showError(error: unknown, _request: FastifyRequest, reply: FastifyReply): void {
  console.error(error);
  // The status of a LaunchKeyError is the engine's answer to us, not ours to the browser.
  const status =
    error instanceof LaunchKeyError ? 503 : ((error as { statusCode?: number }).statusCode ?? 500);
  html(
    reply.code(status),
    messagePage('Logging in does not work at the moment. Please try again later.'),
  );
}
