import type { LoginRequest } from './request.js';

/** What a session holds, by the names of its members. */
type SessionData = Record<string, unknown>;

/** The ways by which hosts give access to the store of their sessions. */
interface SessionHost {
  session?: (SessionData & { save?: unknown }) | null;
  /** express-session and `@fastify/session`. */
  sessionStore?: { get(id: string, done: (error: unknown, data?: unknown) => void): unknown };
  /** express-session. */
  sessionID?: string;
  /** Koa, with the options of koa-session. */
  ctx?: { sessionOptions?: KoaSessionOptions };
  /** Fastify. */
  raw?: unknown;
}

interface KoaSessionOptions {
  store?: KoaSessionStore;
  ContextStore?: new (ctx: unknown) => KoaSessionStore;
  maxAge?: unknown;
  rolling?: unknown;
}

interface KoaSessionStore {
  get(id: string, maxAge: unknown, options: object): unknown;
}

/**
 * Stores the session of a request before its response. Other hosts than Express and Connect do so
 * by themselves; express-session sends the headers first, and a browser follows a redirect before
 * the session is stored.
 *
 * @throws the error of the session store.
 */
export async function saveSession(req: LoginRequest): Promise<void> {
  const { session, ctx, raw } = req as SessionHost;
  const save = session?.save;
  if (typeof save !== 'function' || ctx || raw) return;
  await new Promise<void>((resolve, reject) => {
    const done = (error?: unknown) => (error ? reject(error) : resolve());
    Promise.resolve(save.call(session, done)).catch(reject);
  });
}

/**
 * The session of a request that is held. Other requests of the browser may change the session
 * meanwhile, and whatever writes it at the end must not undo that.
 */
export class HeldSession {
  private readonly req: LoginRequest;
  private readonly before: Promise<Snapshot | null>;

  /** Reads the stored session in the background. */
  constructor(req: LoginRequest) {
    this.req = req;
    this.before = readSnapshot(req);
  }

  /**
   * Takes over what other requests have stored. What this request has changed itself stays, unless
   * another one has changed the same member later.
   */
  async refresh(): Promise<void> {
    const before = await this.before;
    const now = await readSnapshot(this.req);
    const session = this.req.session as SessionData | null | undefined;
    if (!now || !session) return;
    for (const name of new Set([...now.keys(), ...(before?.keys() ?? [])])) {
      const own = serialize(session[name]);
      const stored = now.get(name);
      if (own === stored) continue;
      const isOwnChange = own !== before?.get(name) && stored === before?.get(name);
      if (!isOwnChange) replace(session, name, stored);
    }
  }
}

/** The members of a session as JSON, because some stores return the object that others change. */
type Snapshot = Map<string, string | undefined>;

/** Resolves to `null` if there is no such session in the store, or the store cannot be read. */
async function readSnapshot(req: LoginRequest): Promise<Snapshot | null> {
  try {
    const data = await readStoredSession(req as SessionHost);
    if (typeof data !== 'object' || data === null) return null;
    return new Map(
      Object.entries(data)
        .filter(([name]) => !isOfTheHost(name))
        .map(([name, value]) => [name, serialize(value)]),
    );
  } catch {
    return null;
  }
}

async function readStoredSession(host: SessionHost): Promise<unknown> {
  const { session, sessionStore, sessionID, ctx } = host;
  const koa = ctx?.sessionOptions;
  if (koa) return readKoaSession(ctx, koa, session?.externalKey);
  const id = sessionID ?? session?.sessionId;
  if (typeof sessionStore?.get !== 'function' || typeof id !== 'string') return null;
  return new Promise((resolve, reject) => {
    const done = (error: unknown, data?: unknown) => (error ? reject(error) : resolve(data));
    // Some stores return a promise as well, which rejects with the same error.
    Promise.resolve(sessionStore.get(id, done)).catch(reject);
  });
}

function readKoaSession(ctx: object, options: KoaSessionOptions, id: unknown): unknown {
  const { ContextStore, maxAge, rolling } = options;
  const store = ContextStore ? new ContextStore(ctx) : options.store;
  return typeof id === 'string' ? store?.get(id, maxAge, { ctx, rolling }) : null;
}

/** Members that the host keeps in the session for itself. */
function isOfTheHost(name: string): boolean {
  return name === 'cookie' || name.startsWith('_');
}

function serialize(value: unknown): string | undefined {
  return JSON.stringify(value);
}

function replace(session: SessionData, name: string, stored: string | undefined): void {
  if (stored === undefined) delete session[name];
  else session[name] = JSON.parse(stored);
}

/**
 * Gives a session another id, and keeps its content. An attacker who planted the old id in the browser
 * does not know the new one. Sessions that are kept in a cookie have no id.
 *
 * @throws the error of the session store.
 */
export async function renewSession(req: LoginRequest): Promise<void> {
  const { session, ctx, raw } = req as SessionHost;
  const { regenerate, data } = (session ?? {}) as { regenerate?: unknown; data?: unknown };
  if (!session || typeof regenerate !== 'function' || typeof data === 'function') return;
  const content = Object.entries(session).filter(([name]) => !isOfTheHost(name));
  // koa-session keeps the content, and Fastify's session the members that are named.
  if (ctx) await regenerate.call(session);
  else if (raw)
    await regenerate.call(
      session,
      content.map(([name]) => name),
    );
  else await regenerateByCallback(session, regenerate as SessionMethod);
  if (!ctx && !raw) Object.assign(req.session, Object.fromEntries(content));
}

type SessionMethod = (...args: unknown[]) => unknown;

async function regenerateByCallback(session: object, regenerate: SessionMethod) {
  await new Promise<void>((resolve, reject) => {
    regenerate.call(session, (error?: unknown) => (error ? reject(error) : resolve()));
  });
}
