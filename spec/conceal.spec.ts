import express from 'express';
import session from 'express-session';
import passport from 'passport';
import type { LaunchKeyStrategy } from 'passport-launchkey';
import { describe, expect, it } from 'vitest';
import { logIn, loginApp, serve } from './support/app.js';
import { amount } from './support/endurance.js';
import { CloseBrowser, header, type Seen, shapeOf } from './support/outside.js';
import { type Call, EngineProxy } from './support/proxy.js';
import { nextRequest, recordingStrategy, startWorld } from './support/world.js';

type Overrides = Parameters<typeof recordingStrategy>[1];
type Answers = 'poll' | 'callback' | 'both';

/** The number of known and of unknown users who log in at one time. */
const USERS = amount('CONCEAL_USERS', 10, 50);
const REDIRECT = { pending: 'redirect', waitUrl: '/login/wait' } as const;
const ACCEPT = { pending: 'accept', longPoll: 1 } as const;
const JSON_ONLY = 'application/json';

/** Names of known and of unknown users, all of one length, because pages show the name. */
const known = Array.from({ length: USERS }, (_, n) => `known-${100 + n}`);
const unknown = Array.from({ length: USERS }, (_, n) => `other-${100 + n}`);

async function start(overrides: Overrides, users = ['alice']) {
  const clock = { ahead: 0 };
  const world = await startWorld({ users, clock: () => Date.now() + clock.ahead });
  const proxy = await new EngineProxy(world.engine.url).start();
  const { strategy, verified } = recordingStrategy(world, {
    apiBaseUrl: `${proxy.url}/v1`,
    concealUsers: true,
    ...overrides,
  });
  return { world, clock, proxy, strategy, verified };
}

/** An application with a waiting page, whose login route shows the arguments of Passport's callback. */
async function serveAll(strategy: LaunchKeyStrategy): Promise<string> {
  const auth = new passport.Passport();
  const app = express();
  app.use(session({ secret: 'test', resave: false, saveUninitialized: false }));
  app.use('/login/wait', strategy.waiting());
  app.use(express.urlencoded({ extended: false }));
  app.post('/login', (req, res, next) => {
    const answer: passport.AuthenticateCallback = (error, user, info, status) =>
      error ? next(error) : res.status(user ? 200 : Number(status)).json(info ?? user);
    auth.authenticate(strategy, answer)(req, res, next);
  });
  return serve(app);
}

/** One browser with one login, and the responses in the order of its visits. */
class Visit {
  readonly seen: Seen[] = [];
  private readonly browser: CloseBrowser;
  private readonly username: string;
  private handle = '';

  constructor(url: string, username: string) {
    this.browser = new CloseBrowser(url);
    this.username = username;
  }

  async begin(): Promise<void> {
    const seen = await this.browser.post('/login', { username: this.username });
    this.handle = /[\w-]{43}/.exec(header(seen, 'location') ?? seen.body)?.[0] ?? '';
    this.keep(seen);
  }

  async status(wait: number): Promise<void> {
    this.keep(await this.browser.get(this.page, { accept: JSON_ONLY, prefer: `wait=${wait}` }));
  }

  async look(): Promise<void> {
    this.keep(await this.browser.get(this.page, { accept: 'text/html' }));
  }

  /** Reloads the page, as browsers without JavaScript do, until it shows a state. */
  async reload(state: string): Promise<void> {
    for (;;) {
      const seen = await this.browser.get(this.page, { accept: 'text/html' });
      if (seen.body.includes(`data-state="${state}"`)) return this.keep(seen);
    }
  }

  async finish(): Promise<void> {
    this.keep(await this.browser.post('/login', { request: this.handle }));
  }

  async cancel(): Promise<void> {
    this.keep(await this.browser.post(this.page, { action: 'cancel' }));
  }

  private get page(): string {
    return `/login/wait?request=${this.handle}`;
  }

  private keep(seen: Seen): void {
    this.seen.push(shapeOf(seen, this.username));
  }
}

type Step = (visit: Visit) => Promise<void>;

/** Takes all steps with every name, simultaneously, and returns the responses of each. */
async function seenBy(url: string, usernames: string[], steps: Step[]): Promise<Seen[][]> {
  return Promise.all(
    usernames.map(async (username) => {
      const visit = new Visit(url, username);
      for (const step of steps) await step(visit);
      return visit.seen;
    }),
  );
}

/** Expects that all names saw the same responses, and that these match. */
function expectAlike(seen: Seen[][], statuses: number[], bodies: (RegExp | '')[]) {
  const [first, ...others] = seen;
  expect(first?.map(({ status }) => status)).toEqual(statuses);
  bodies.forEach((body, step) => {
    expect(first?.[step]?.body).toMatch(body);
  });
  for (const other of others) expect(other).toEqual(first);
}

const begin: Step = (visit) => visit.begin();
const look: Step = (visit) => visit.look();
const reloadUntil =
  (state: string): Step =>
  (visit) =>
    visit.reload(state);
const finish: Step = (visit) => visit.finish();
const cancel: Step = (visit) => visit.cancel();
const status =
  (wait: number): Step =>
  (visit) =>
    visit.status(wait);

describe('concealUsers', () => {
  const mixed = known.flatMap((person, index) => [person, unknown[index] ?? '']);
  const ways = (['poll', 'callback', 'both'] as const).map((answers): [Answers] => [answers]);

  it.each(ways)(
    'makes unknown users look like users who do not answer, from the first page to the cancelled login, with redirect and %s',
    async (answers) => {
      const { strategy, verified } = await start(
        { ...REDIRECT, answers, numberMatching: true },
        known,
      );
      const seen = await seenBy(await serveAll(strategy), mixed, [
        begin,
        look,
        status(0),
        status(1),
        finish,
        cancel,
        status(0),
        look,
        finish,
      ]);
      expectAlike(
        seen,
        [303, 200, 200, 200, 303, 303, 200, 200, 401],
        [
          '',
          /data-state="pending"/,
          /pending.*NN/,
          /pending/,
          '',
          '',
          /denied.*cancelled/,
          /<h1 tabindex="-1">Cancelled/,
          /denied/,
        ],
      );
      expect(verified).toEqual([]);
    },
  );

  it.each(ways)(
    'makes unknown users look like users who do not answer, from 202 to the cancelled login, with accept and %s',
    async (answers) => {
      const { strategy, verified } = await start(
        { ...ACCEPT, answers, numberMatching: true },
        known,
      );
      const steps = [begin, finish, status(1), cancel, finish];
      const seen = await seenBy(await serveAll(strategy), mixed, steps);
      expectAlike(
        seen,
        [202, 202, 200, 303, 401],
        [/pending.*HANDLE.*NN/, /pending.*HANDLE.*NN/, /pending.*NN/, '', /denied/],
      );
      expect(verified).toEqual([]);
    },
  );

  it.each(ways)(
    'makes unknown users look like users who do not answer until a held request expires, with %s',
    async (answers) => {
      const { strategy } = await start({ answers, loginTimeout: 1000 }, known);
      const seen = await seenBy(await serveAll(strategy), mixed, [begin]);
      expectAlike(seen, [401], [/expired/]);
    },
  );

  it.each<[string, Overrides]>([
    ['redirect', REDIRECT],
    ['accept', ACCEPT],
  ])(
    'makes unknown users look like users who do not answer when the login expires, with %s',
    async (_mode, overrides) => {
      const { strategy } = await start({ ...overrides, loginTimeout: 1500 }, known);
      const steps = [begin, status(20), status(0), look, finish];
      const seen = (await seenBy(await serveAll(strategy), mixed, steps)).map((all) =>
        all.slice(1),
      );
      expectAlike(seen, [200, 200, 200, 401], [/expired/, /expired/, /expired/, /expired/]);
    },
  );

  it('hides every reason for which a user cannot be asked', async () => {
    const { strategy, world } = await start(REDIRECT);
    await world.engine.createUser('lost1', { device: false });
    const names = ['alice', 'lost1', 'bobby', 'a<b>c'];
    const steps = [begin, status(0), finish];
    expectAlike(await seenBy(await serveAll(strategy), names, steps), [303, 200, 303], []);
  });

  it('hides that a user was asked too often', async () => {
    const world = await startWorld({ rateLimit: undefined });
    const { strategy } = recordingStrategy(world, { concealUsers: true, ...REDIRECT });
    const names = ['alice', 'alice', 'alice'];
    const steps = [begin, status(0), cancel];
    expectAlike(await seenBy(await serveAll(strategy), names, steps), [303, 200, 303], []);
  });
});

describe('the browser of a concealed login', () => {
  type Fault = NonNullable<EngineProxy['intercept']>;
  const poll =
    (status: number, body: string, headers?: Record<string, string>): Fault =>
    ({ path }) =>
      path === '/v1/poll' ? { status, body, ...(headers && { headers }) } : undefined;
  const refuse = (code: number) => poll(400, JSON.stringify({ message: 'No', message_code: code }));
  const faults: [string, Fault][] = [
    ['is away', poll(502, 'bad gateway')],
    ['is away and says for how long', poll(503, 'starting', { 'retry-after': '30' })],
    ['forgot the auth request', refuse(70402)],
    ['says that it is over', refuse(70404)],
    ['is asked too often', refuse(70436)],
    ['refuses the credentials', refuse(70422)],
    ['talks nonsense', poll(200, '<html>Welcome</html>')],
    [
      'has an answer that cannot be read',
      poll(200, JSON.stringify({ auth: Buffer.alloc(256, 1).toString('base64'), user_hash: 'h' })),
    ],
  ];

  it.each(faults)('does not see that the engine %s', async (_what, fault) => {
    const compare = async (
      overrides: Overrides,
      steps: Step[],
      statuses: number[],
      bodies: (RegExp | '')[],
    ) => {
      const { strategy, proxy } = await start({ ...overrides, pollInterval: 100 });
      proxy.intercept = fault;
      const seen = await seenBy(await serveAll(strategy), ['alice', 'bobby'], steps);
      expectAlike(seen, statuses, bodies);
      for (const { body } of seen.flat()) expect(body).not.toContain('"away"');
      expect(proxy.of('/poll').length).toBeGreaterThan(0);
    };
    const steps = [begin, look, status(0), status(1), finish];
    const bodies = [/pending|^$/, /data-state="pending"/, /"pending"/, /"pending"/, /pending|^$/];
    await Promise.all([
      compare(REDIRECT, steps, [303, 200, 200, 200, 303], bodies),
      compare(ACCEPT, steps, [202, 200, 200, 200, 202], bodies),
      compare({ loginTimeout: 2000 }, [begin], [401], [/expired/]),
    ]);
  });

  it('does not see that the clock of the engine is past the expiry of the auth request', async () => {
    const { strategy, clock } = await start(REDIRECT);
    const url = await serveAll(strategy);
    const forward: Step = async () => {
      clock.ahead = 400_000;
    };
    const steps = [begin, forward, look, status(0), status(1), finish];
    const seen = await seenBy(url, ['alice', 'bobby'], steps);
    expectAlike(
      seen,
      [303, 200, 200, 200, 303],
      ['', /data-state="pending"/, /pending/, /pending/],
    );
  });

  it('does not see that the device reported no answer', async () => {
    const { strategy, world, proxy } = await start({ ...REDIRECT, pollInterval: 100 });
    const url = await serveAll(strategy);
    const lapse: Step = async () => {
      const [request] = await world.engine.requests('alice');
      if (request) {
        await world.engine.answer(request.authRequest, false, { reason: 'expired' });
      }
    };
    const steps = [begin, lapse, look, status(1), finish];
    const seen = await seenBy(url, ['alice', 'bobby'], steps);
    expectAlike(seen, [303, 200, 200, 303], ['', /data-state="pending"/, /pending/, '']);
    expect(proxy.of('/poll').length).toBeGreaterThan(0);
  });

  it('sees that the engine is away when a login starts, for known and unknown users alike', async () => {
    const { strategy, proxy } = await start({});
    const url = await serve(loginApp(strategy));
    // The engine's clock is known to both then.
    await strategy.client.ping();
    proxy.intercept = () => ({ status: 502, body: 'bad gateway' });
    const seen = await Promise.all([logIn(url), logIn(url, { username: 'stranger' })]);
    expect(seen[0]).toMatchObject({ error: { name: 'EngineError' } });
    expect(seen[1]).toEqual(seen[0]);
  });

  it('causes no question to the engine about unknown users', async () => {
    const { strategy, proxy } = await start({ ...REDIRECT, loginTimeout: 1000 });
    await seenBy(await serveAll(strategy), ['stranger'], [begin, look, status(20), finish]);
    expect(proxy.of('/auths')).toHaveLength(1);
    expect(proxy.of('/poll')).toEqual([]);
  });
});

describe('a concealed login', () => {
  const approve =
    ({ engine }: Awaited<ReturnType<typeof startWorld>>): Step =>
    async () => {
      await engine.answer(await nextRequest(engine), true);
    };

  it.each<[string, Overrides]>([
    ['redirect', REDIRECT],
    ['accept', ACCEPT],
    ['redirect, without held polls', { ...REDIRECT, longPoll: 0 }],
  ])('logs in a user who approves, with %s', async (_mode, overrides) => {
    const { strategy, world, verified } = await start(overrides);
    const url = await serveAll(strategy);
    const steps = [begin, approve(world), reloadUntil('answered'), finish];
    const [seen] = await seenBy(url, ['alice'], steps);
    expect(seen?.at(-1)).toMatchObject({ status: 200 });
    expect(verified).toHaveLength(1);
  });

  it('logs in a user who approves, with hold', async () => {
    const { strategy, world, verified } = await start({});
    const seen = logIn(await serve(loginApp(strategy)));
    await world.engine.answer(await nextRequest(world.engine), true);
    expect(await seen).toMatchObject({ user: { id: verified[0] } });
  });

  it('logs in a user who approves after the engine was away', async () => {
    const { strategy, world, proxy } = await start({ ...REDIRECT, pollInterval: 100 });
    const back: Step = async () => {
      proxy.intercept = undefined;
    };
    const url = await serveAll(strategy);
    const away: Step = async () => {
      proxy.intercept = ({ path }) => (path === '/v1/poll' ? { status: 502, body: '' } : undefined);
    };
    const steps = [begin, away, status(1), approve(world), back, status(20)];
    const [seen] = await seenBy(url, ['alice'], steps);
    expect(seen?.at(-1)?.body).toMatch(/answered/);
  });

  it('logs in a user whose approval came too slowly for the page', async () => {
    const { strategy, world, proxy } = await start(REDIRECT);
    let hurry: () => void = () => {};
    const slow = new Promise<void>((resolve) => {
      hurry = resolve;
    });
    proxy.holdBack = ({ path }: Call) => (path === '/v1/poll' ? slow : undefined);
    const url = await serveAll(strategy);
    const release: Step = async () => hurry();
    const steps = [begin, approve(world), look, release, reloadUntil('answered')];
    const [seen] = await seenBy(url, ['alice'], steps);
    expect(seen?.at(-2)?.body).toContain('data-state="pending"');
    expect(proxy.of('/poll')).toHaveLength(1);
  });
});
