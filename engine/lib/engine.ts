import type { AddressInfo } from 'node:net';
import { PublicKeys } from './crypto/keys.js';
import { PingKeys } from './crypto/ping-keys.js';
import { MemoryRepository } from './data/memory/index.js';
import { type AnswerOptions, type AnswerResult, VirtualDevice } from './device/virtual.js';
import { type AppCredentials, type AppInfo, type AppOptions, Apps } from './domain/apps.js';
import { Changes } from './domain/changes.js';
import { Delivery } from './domain/delivery.js';
import { Envelopes } from './domain/envelopes.js';
import { Events } from './domain/events.js';
import { HeldPolls } from './domain/held-polls.js';
import { Pairings } from './domain/pairings.js';
import { Requests } from './domain/requests.js';
import { Sessions } from './domain/sessions.js';
import { type UserInfo, Users } from './domain/users.js';
import { WhiteLabel } from './domain/white-label.js';
import { LaunchKeyEngineError } from './errors.js';
import { createServer } from './http/server.js';
import { Metrics } from './metrics.js';
import { type EngineOptions, type ResolvedOptions, resolveOptions } from './options.js';
import type { Services } from './services.js';
import { type OpenSession, type PendingRequest, showRequest, showSession } from './views.js';

/** How often the engine looks for what is due or over. */
const SWEEP = 250;
/** How long `close` waits for responses that are being written. */
const CLOSING = 2000;

/** A running engine. */
export interface Engine {
  /** `http://ADDRESS:PORT`, without a slash at its end; the API is at `${url}/v1`. */
  readonly url: string;
  /**
   * The page on which users answer, under the public URL. It acts for virtual devices, which only
   * browsers on the engine's own machine can use.
   */
  readonly authenticatorUrl: string;
  /** Creates an application and makes its credentials, which are shown only here. */
  createApp(options: AppOptions): Promise<AppCredentials>;
  /** All applications. */
  apps(): Promise<AppInfo[]>;
  /** Refuses all further calls of the application, with 40435. */
  disableApp(appKey: string): Promise<void>;
  /** Undoes `disableApp`. */
  enableApp(appKey: string): Promise<void>;
  /**
   * Creates a user, by default with a virtual device. With `{ device: false }` the user has none, and
   * applications are told so (40424).
   */
  createUser(username: string, options?: { device?: boolean }): Promise<UserInfo>;
  /** All users; white label users are called `identifier@appKey`. */
  users(): Promise<UserInfo[]>;
  /** Gives a white label user a virtual device, by the code that the application was given. */
  pair(code: string): Promise<{ username: string }>;
  /** The open requests of a user, oldest first. */
  requests(username: string): Promise<PendingRequest[]>;
  /** Answers on the virtual device, and says what the application will read. */
  answer(authRequest: string, approve: boolean, options?: AnswerOptions): Promise<AnswerResult>;
  /** The LaunchKey sessions of a user that have not ended. */
  sessions(username: string): Promise<OpenSession[]>;
  /**
   * Ends the user's sessions with one application, or with all: they are `pending clear` from now on,
   * and the applications are told by a signed event. Returns the sessions concerned.
   */
  deorbit(username: string, appKey?: string): Promise<OpenSession[]>;
  /** Makes a new ping key. The one before goes on decrypting for `pingKeyGrace`. */
  rotatePingKey(): Promise<{ fingerprint: string; dateStamp: Date }>;
  /** Answers held polls with 503, closes all connections, and leaves nothing running. */
  close(): Promise<void>;
}

/**
 * Starts an engine that keeps everything in memory.
 *
 * Rejects with a {@link LaunchKeyEngineError}: `ENGINE_INVALID_OPTION` for an option that is unknown
 * or unusable, `ENGINE_LISTEN` if the address cannot be bound.
 */
export async function startEngine(options: EngineOptions = {}): Promise<Engine> {
  const resolved = resolveOptions(options);
  const engine = await assemble(resolved);
  await engine.listen();
  return engine;
}

async function assemble(options: ResolvedOptions): Promise<RunningEngine> {
  const { clock, logger, limits } = options;
  const repository = new MemoryRepository();
  const pingKeys = await PingKeys.create(clock, options.pingKeyGrace);
  const publicKeys = new PublicKeys();
  const heldPolls = new HeldPolls();
  const changes = new Changes();
  const apps = new Apps(repository, clock);
  const users = new Users(repository, clock, limits.whiteLabelUsersPerApp);
  const metrics = new Metrics(repository, heldPolls, clock);
  const events = new Events(repository, users, clock, logger, limits.deliveriesPerApp);
  const delivery = new Delivery(
    {
      repository,
      clock,
      logger,
      sign: (text) => pingKeys.sign(text),
      onOutcome: (kind, outcome) => metrics.delivery(kind, outcome),
    },
    options.delivery,
  );
  events.onQueued = () => delivery.run();
  const requests = new Requests({
    repository,
    users,
    heldPolls,
    changes,
    events,
    limits,
    clock,
    requestTtl: options.requestTtl,
    rateWindows: options.rateWindows,
  });
  const pairings = new Pairings(repository, clock, () => options.publicUrl ?? engine.url);
  const services: Services = {
    repository,
    pingKeys,
    envelopes: new Envelopes(repository, pingKeys, publicKeys, clock),
    apps,
    users,
    requests,
    sessions: new Sessions({ repository, heldPolls, changes, events, clock }),
    pairings,
    whiteLabel: new WhiteLabel({ repository, users, pairings, publicKeys }),
    device: new VirtualDevice(repository, requests, publicKeys),
    heldPolls,
    changes,
    limits,
    metrics,
    logger,
    clock,
    loopbackPort: () => engine.loopbackPort,
  };
  const engine = new RunningEngine(services, delivery, options);
  return engine;
}

class RunningEngine implements Engine {
  url = '';
  /** The port if nobody but this machine can reach it. */
  loopbackPort: number | undefined;
  private readonly services: Services;
  private readonly delivery: Delivery;
  private readonly options: ResolvedOptions;
  private readonly sweeper: NodeJS.Timeout;
  private server: Awaited<ReturnType<typeof createServer>> | undefined;
  private closing: Promise<void> | undefined;

  constructor(services: Services, delivery: Delivery, options: ResolvedOptions) {
    this.services = services;
    this.delivery = delivery;
    this.options = options;
    // One timer for everything that waits; it keeps no process alive.
    this.sweeper = setInterval(() => this.sweep(), SWEEP).unref();
  }

  get authenticatorUrl(): string {
    return `${this.options.publicUrl ?? this.url}/authenticator`;
  }

  async listen(): Promise<void> {
    const { host, port } = this.options;
    const server = await createServer(this.services);
    this.server = server;
    try {
      await server.listen({ host, port });
    } catch (error) {
      clearInterval(this.sweeper);
      await this.delivery.close();
      const code = (error as NodeJS.ErrnoException).code ?? 'an error';
      throw new LaunchKeyEngineError(
        'ENGINE_LISTEN',
        `Cannot listen on ${host}, port ${port}: ${code}. Choose another port or host.`,
        { cause: error },
      );
    }
    const bound = server.server.address() as AddressInfo;
    if (isLoopback(bound.address)) this.loopbackPort = bound.port;
    const shown = host.includes(':') ? `[${host}]` : host;
    this.url = `http://${shown}:${bound.port}`;
  }

  async createApp(options: AppOptions): Promise<AppCredentials> {
    this.checkOpen();
    return await this.services.apps.create(options);
  }

  async apps(): Promise<AppInfo[]> {
    this.checkOpen();
    return await this.services.apps.list();
  }

  async disableApp(appKey: string): Promise<void> {
    this.checkOpen();
    await this.services.apps.setDisabled(appKey, true);
  }

  async enableApp(appKey: string): Promise<void> {
    this.checkOpen();
    await this.services.apps.setDisabled(appKey, false);
  }

  async createUser(username: string, { device = true } = {}): Promise<UserInfo> {
    this.checkOpen();
    const user = await this.services.users.create(username, device);
    return { username: user.username, hasDevice: device, createdAt: new Date(user.createdAt) };
  }

  async users(): Promise<UserInfo[]> {
    this.checkOpen();
    return await this.services.users.list();
  }

  async pair(code: string): Promise<{ username: string }> {
    this.checkOpen();
    return { username: await this.services.whiteLabel.pair(code) };
  }

  async requests(username: string): Promise<PendingRequest[]> {
    this.checkOpen();
    const user = await this.services.users.require(username);
    return (await this.services.requests.pending(user.id)).map(showRequest);
  }

  async answer(
    authRequest: string,
    approve: boolean,
    options?: AnswerOptions,
  ): Promise<AnswerResult> {
    this.checkOpen();
    return await this.services.device.answer(authRequest, approve, options);
  }

  async sessions(username: string): Promise<OpenSession[]> {
    this.checkOpen();
    const user = await this.services.users.require(username);
    return (await this.services.sessions.list(user.id)).map(showSession);
  }

  async deorbit(username: string, appKey?: string): Promise<OpenSession[]> {
    this.checkOpen();
    const user = await this.services.users.require(username);
    if (appKey !== undefined) await this.services.apps.require(appKey);
    return (await this.services.sessions.deorbit(user.id, appKey)).map(showSession);
  }

  async rotatePingKey(): Promise<{ fingerprint: string; dateStamp: Date }> {
    this.checkOpen();
    const key = await this.services.pingKeys.rotate();
    return { fingerprint: key.fingerprint, dateStamp: new Date(key.madeAt) };
  }

  async close(): Promise<void> {
    this.closing ??= this.shutDown();
    await this.closing;
  }

  private async shutDown(): Promise<void> {
    clearInterval(this.sweeper);
    this.services.heldPolls.close();
    const { server } = this;
    if (server) {
      const impatience = setTimeout(() => server.server.closeAllConnections(), CLOSING);
      await server.close();
      clearTimeout(impatience);
    }
    await this.delivery.close();
    await this.services.repository.close();
  }

  private sweep(): void {
    const { clock, heldPolls, repository, logger } = this.services;
    const now = clock();
    heldPolls.sweep(now);
    this.delivery.run();
    repository.sweep(now).catch((error) => logger.error({ err: error }, 'the sweep failed'));
  }

  private checkOpen(): void {
    if (!this.closing) return;
    throw new LaunchKeyEngineError('ENGINE_CLOSED', 'This engine has been closed.');
  }
}

function isLoopback(address: string): boolean {
  return address === '::1' || /^127\.\d+\.\d+\.\d+$/.test(address);
}
