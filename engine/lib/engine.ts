import { lookup } from 'node:dns/promises';
import type { AddressInfo } from 'node:net';
import { PublicKeys } from './crypto/keys.js';
import { openRepository } from './data/open.js';
import { Answers } from './domain/answers.js';
import { type AppCredentials, type AppInfo, type AppOptions, Apps } from './domain/apps.js';
import { Audit } from './domain/audit.js';
import { Changes } from './domain/changes.js';
import { Deletions } from './domain/deletions.js';
import { DeviceRefusal } from './domain/device-refusal.js';
import { Devices } from './domain/devices.js';
import { Envelopes } from './domain/envelopes.js';
import { Events } from './domain/events.js';
import { Factors } from './domain/factors.js';
import { FailedCalls } from './domain/failed-calls.js';
import { Fraud } from './domain/fraud.js';
import { HeldPolls } from './domain/held-polls.js';
import { OtherNodes } from './domain/other-nodes.js';
import { Pairings } from './domain/pairings.js';
import { PingKeys } from './domain/ping-keys.js';
import { PushSubscriptions } from './domain/push-subscriptions.js';
import { Requests } from './domain/requests.js';
import { type RotatedCredentials, type RotateOptions, Rotation } from './domain/rotation.js';
import type { Services } from './domain/services.js';
import { Sessions } from './domain/sessions.js';
import {
  type AuditEntry,
  type DeviceInfo,
  type OpenSession,
  type PairingCode,
  type PendingRequest,
  type Receipt,
  showAudit,
  showDevice,
  showReceipt,
  showRequest,
  showSession,
} from './domain/snapshots.js';
import { type UserInfo, Users } from './domain/users.js';
import { type AnswerOptions, type AnswerResult, VirtualDevice } from './domain/virtual-device.js';
import { WhiteLabel } from './domain/white-label.js';
import { LaunchKeyEngineError } from './errors.js';
import { Connections } from './http/connections.js';
import { createServer } from './http/server.js';
import { Tls } from './http/tls.js';
import { Metrics } from './observability/metrics.js';
import { outsideRequests, withRequestIds } from './observability/request-context.js';
import { type EngineOptions, type ResolvedOptions, resolveOptions } from './options.js';
import { Delivery } from './outbound/delivery.js';
import { Push } from './outbound/push.js';
import { openVapidKeys, PushMessages } from './outbound/push-message.js';
import { isLoopback } from './util/networks.js';
import { OutgoingGuard } from './util/outgoing-guard.js';

/** How often the engine looks for what is due or over. */
const SWEEP = 250;
/** How long `close` waits for responses that are being written. */
const CLOSING = 2000;

/** A running engine. */
export interface Engine {
  /** `http://ADDRESS:PORT`, with `tls` `https://…`, without a slash at its end; the API is at `${url}/v1`. */
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
  /**
   * Refuses all further calls of the application, with 40435, and those that are held; events wait until
   * it is enabled, or they are too old.
   */
  disableApp(appKey: string): Promise<void>;
  /** Undoes `disableApp`. */
  enableApp(appKey: string): Promise<void>;
  /**
   * Makes new credentials for an application, by default its secret key and its key pair, and shows
   * them only here. What it had is refused from now on, unless `grace` says for how long it may go on
   * with it: answers to requests that it makes meanwhile are encrypted for the key that it makes them
   * with. A further rotation ends what came before the last one.
   */
  rotateApp(appKey: string, options?: RotateOptions): Promise<RotatedCredentials>;
  /**
   * Deletes an application, and with it its requests, LaunchKey sessions, receipts, events that wait,
   * and its white label users with their devices. The audit trail stays. There is no way back.
   */
  deleteApp(appKey: string): Promise<void>;
  /**
   * Creates a user, by default with a virtual device. With `{ device: false }` the user has none, and
   * applications are told so (40424).
   */
  createUser(username: string, options?: { device?: boolean }): Promise<UserInfo>;
  /** All users; white label users are called `identifier@appKey`. */
  users(): Promise<UserInfo[]>;
  /**
   * Deletes a user, and with it its devices, open requests, LaunchKey sessions, receipts, and events
   * that wait. Applications are not told: where logins there are to end, `deorbit` and let the events
   * go out before. The audit trail stays. There is no way back.
   */
  deleteUser(username: string): Promise<void>;
  /** Gives a white label user a virtual device, by the code that the application was given. */
  pair(code: string): Promise<{ username: string }>;
  /**
   * Makes a code and a link that pair a device with the user, once and within ten minutes. `qrcode` is
   * the address of the link's QR code as PNG; with `.svg` at its end, as SVG.
   */
  pairDevice(username: string): Promise<PairingCode>;
  /** The devices that a user has paired, in the order in which it was done. */
  devices(username: string): Promise<DeviceInfo[]>;
  /**
   * Unpairs a device, as one that was lost: what it holds open ends at once, and with the last one end
   * the user's open requests.
   */
  unpairDevice(username: string, deviceId: string): Promise<void>;
  /** Until when a user cannot be asked, after having reported fraud; `undefined` if he can. */
  pausedUntil(username: string): Promise<Date | undefined>;
  /** Ends the pause that followed a report of fraud. */
  endPause(username: string): Promise<void>;
  /** What was done, the newest first: at most `limit` (100), of one user or of all. */
  audit(filter?: { username?: string; limit?: number }): Promise<AuditEntry[]>;
  /** What a paired device has signed when it answered, or `undefined` if none did. */
  receipt(authRequest: string): Promise<Receipt | undefined>;
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
 * Starts an engine, which keeps its data in memory unless `data` or `databaseUrl` says where.
 *
 * Rejects with a {@link LaunchKeyEngineError}: `ENGINE_INVALID_OPTION` for an option that is unknown
 * or unusable, `ENGINE_TLS` for a certificate or key that cannot be used, `ENGINE_DATA` if its data
 * cannot be opened, `ENGINE_LISTEN` if the address cannot be bound.
 */
export async function startEngine(options: EngineOptions = {}): Promise<Engine> {
  const resolved = resolveOptions(options);
  const engine = await assemble(resolved);
  await engine.listen();
  return engine;
}

async function assemble(options: ResolvedOptions): Promise<RunningEngine> {
  const { clock, limits } = options;
  const logger = withRequestIds(options.logger);
  const tls = options.tls && (await Tls.open(options.tls, logger));
  const repository = await openRepository(options);
  const [pingKeys, vapidKeys] = await Promise.all([
    PingKeys.open(repository, clock, options.pingKeyGrace),
    openVapidKeys(repository),
  ]).catch(async (error) => {
    await repository.close();
    throw error;
  });
  const publicKeys = new PublicKeys();
  const heldPolls = new HeldPolls();
  const changes = new Changes();
  const otherNodes = new OtherNodes(repository, heldPolls, changes, clock);
  const apps = new Apps(repository, clock);
  const users = new Users(repository, clock, limits.whiteLabelUsersPerApp);
  const metrics = new Metrics({
    heldPolls: () => heldPolls.size,
    pendingRequests: () => repository.pendingCount(clock()),
    queuedEvents: () => repository.deliveryCount(),
  });
  const events = new Events(users, clock, logger);
  const delivery = new Delivery(
    {
      repository,
      clock,
      logger,
      guard: new OutgoingGuard(options.callbackNetworks),
      sign: (text) => pingKeys.sign(text),
      onOutcome: (kind, outcome) => metrics.delivery(kind, outcome),
    },
    options.delivery,
  );
  events.onQueued = () => outsideRequests(() => delivery.run());
  const audit = new Audit(repository, clock);
  const fraud = new Fraud({ repository, audit, changes, metrics, logger, clock });
  const pushGuard = new OutgoingGuard(options.push.networks);
  const pushSubscriptions = new PushSubscriptions(repository, pushGuard, audit, changes);
  const push = new Push(
    {
      repository,
      subscriptions: pushSubscriptions,
      fraud,
      guard: pushGuard,
      messages: new PushMessages(vapidKeys, options.publicUrl),
      metrics,
      logger,
      clock,
    },
    options.push,
  );
  const requests = new Requests({
    repository,
    users,
    heldPolls,
    changes,
    events,
    fraud,
    limits,
    clock,
    requestTtl: options.requestTtl,
    rateWindows: options.rateWindows,
    onCreated: (request, devices) => outsideRequests(() => push.wake(request, devices)),
  });
  const pairings = new Pairings(repository, clock, () => options.publicUrl ?? engine.url);
  const services: Services = {
    repository,
    pingKeys,
    envelopes: new Envelopes(repository, pingKeys, publicKeys, clock),
    apps,
    users,
    rotation: new Rotation({ repository, audit, otherNodes, clock }),
    deletions: new Deletions({ repository, apps, users, audit, heldPolls, changes, otherNodes }),
    requests,
    sessions: new Sessions({ repository, heldPolls, changes, events, audit, clock }),
    pairings,
    whiteLabel: new WhiteLabel({ repository, users, pairings, publicKeys }),
    device: new VirtualDevice(repository, requests, publicKeys),
    devices: new Devices({
      repository,
      pairings,
      changes,
      heldPolls,
      audit,
      clock,
      limit: limits.devicesPerUser,
    }),
    answers: new Answers({ repository, requests, publicKeys, fraud, audit, metrics, clock }),
    factors: new Factors(repository, audit, changes, clock),
    pushKey: push.publicKey,
    pushSubscriptions,
    fraud,
    audit,
    heldPolls,
    changes,
    otherNodes,
    failedCalls: new FailedCalls(clock, logger),
    limits,
    metrics,
    logger,
    clock,
    url: () => engine.url,
    publicUrl: options.publicUrl,
    loopbackPort: () => engine.loopbackPort,
  };
  const engine = new RunningEngine(services, delivery, push, options, tls);
  return engine;
}

class RunningEngine implements Engine {
  url = '';
  /** The port if nobody but this machine can reach it. */
  loopbackPort: number | undefined;
  private readonly services: Services;
  private readonly delivery: Delivery;
  private readonly push: Push;
  private readonly options: ResolvedOptions;
  private readonly tls: Tls | undefined;
  private readonly sweeper: NodeJS.Timeout;
  private server: Awaited<ReturnType<typeof createServer>> | undefined;
  private connections: Connections | undefined;
  private closing: Promise<void> | undefined;
  private sweeping: Promise<unknown> | undefined;

  constructor(
    services: Services,
    delivery: Delivery,
    push: Push,
    options: ResolvedOptions,
    tls?: Tls,
  ) {
    this.services = services;
    this.delivery = delivery;
    this.push = push;
    this.options = options;
    this.tls = tls;
    // One timer for everything that waits; it keeps no process alive.
    this.sweeper = setInterval(() => this.sweep(), SWEEP).unref();
  }

  get authenticatorUrl(): string {
    return `${this.options.publicUrl ?? this.url}/authenticator`;
  }

  async listen(): Promise<void> {
    const { host, port } = this.options;
    const server = await createServer(this.services, this.options.trustedProxies, this.tls);
    this.server = server;
    this.connections = new Connections(server.server);
    try {
      await server.listen({ host: await oneAddress(host), port });
    } catch (error) {
      await this.close();
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
    this.url = `${this.tls ? 'https' : 'http'}://${shown}:${bound.port}`;
  }

  async createApp(options: AppOptions): Promise<AppCredentials> {
    this.checkOpen();
    const app = await this.services.apps.create(options);
    await this.services.audit.write('app.created', { appKey: app.appKey }, { name: options.name });
    return app;
  }

  async apps(): Promise<AppInfo[]> {
    this.checkOpen();
    return await this.services.apps.list();
  }

  async disableApp(appKey: string): Promise<void> {
    this.checkOpen();
    await this.services.apps.setDisabled(appKey, true);
    await this.services.audit.write('app.disabled', { appKey });
    // Its polls that are held.
    this.services.otherNodes.wakeEverywhere();
  }

  async enableApp(appKey: string): Promise<void> {
    this.checkOpen();
    await this.services.apps.setDisabled(appKey, false);
    await this.services.audit.write('app.enabled', { appKey });
  }

  async rotateApp(appKey: string, options?: RotateOptions): Promise<RotatedCredentials> {
    this.checkOpen();
    return await this.services.rotation.rotate(appKey, options);
  }

  async deleteApp(appKey: string): Promise<void> {
    this.checkOpen();
    await this.services.deletions.app(appKey);
  }

  async createUser(username: string, { device = true } = {}): Promise<UserInfo> {
    this.checkOpen();
    const user = await this.services.users.create(username, device);
    await this.services.audit.write('user.created', { userId: user.id });
    const createdAt = new Date(user.createdAt);
    return { username: user.username, hasDevice: device, devices: 0, createdAt };
  }

  async users(): Promise<UserInfo[]> {
    this.checkOpen();
    return await this.services.users.list();
  }

  async deleteUser(username: string): Promise<void> {
    this.checkOpen();
    await this.services.deletions.user(username);
  }

  async pair(code: string): Promise<{ username: string }> {
    this.checkOpen();
    return { username: await this.services.whiteLabel.pair(code) };
  }

  async pairDevice(username: string): Promise<PairingCode> {
    this.checkOpen();
    const user = await this.services.users.require(username);
    const { expiresAt, ...offer } = await this.services.pairings.offer(user.id);
    await this.services.audit.write('pairing.offered', { userId: user.id }, { by: 'operator' });
    return { username: user.username, ...offer, expiresAt: new Date(expiresAt) };
  }

  async devices(username: string): Promise<DeviceInfo[]> {
    this.checkOpen();
    const user = await this.services.users.require(username);
    return (await this.services.devices.list(user.id)).map(showDevice);
  }

  async unpairDevice(username: string, deviceId: string): Promise<void> {
    this.checkOpen();
    const user = await this.services.users.require(username);
    try {
      await this.services.devices.unpair(user.id, deviceId);
    } catch (error) {
      if (!(error instanceof DeviceRefusal)) throw error;
      throw new LaunchKeyEngineError(
        'ENGINE_UNKNOWN_DEVICE',
        `The user ${JSON.stringify(username)} has no device ${JSON.stringify(deviceId)}; devices(username) lists them.`,
      );
    }
  }

  async pausedUntil(username: string): Promise<Date | undefined> {
    this.checkOpen();
    const user = await this.services.users.require(username);
    const until = await this.services.fraud.pausedUntil(user.id);
    return until === undefined ? undefined : new Date(until);
  }

  async endPause(username: string): Promise<void> {
    this.checkOpen();
    const user = await this.services.users.require(username);
    await this.services.fraud.endPause(user.id);
  }

  async audit(filter: { username?: string; limit?: number } = {}): Promise<AuditEntry[]> {
    this.checkOpen();
    const { username, limit = 100 } = filter;
    const user = username === undefined ? undefined : await this.services.users.require(username);
    const records = await this.services.repository.audit({ userId: user?.id, limit });
    const names = new Map<string, string>();
    for (const { userId } of records) {
      if (userId === undefined || names.has(userId)) continue;
      const { username } = (await this.services.repository.user(userId)) ?? {};
      if (username !== undefined) names.set(userId, username);
    }
    return records.map((record) => showAudit(record, names.get(record.userId ?? '')));
  }

  async receipt(authRequest: string): Promise<Receipt | undefined> {
    this.checkOpen();
    const receipt = await this.services.repository.receipt(authRequest);
    return receipt && showReceipt(receipt);
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
    await this.services.audit.write('key.rotated', {}, { fingerprint: key.fingerprint });
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
      const impatience = setTimeout(() => this.connections?.destroy(), CLOSING);
      await server.close();
      clearTimeout(impatience);
    }
    await this.delivery.close();
    await this.push.close();
    await this.sweeping;
    await this.services.repository.close();
  }

  private sweep(): void {
    const { clock, envelopes, heldPolls, otherNodes, pingKeys, repository, logger } = this.services;
    const now = clock();
    heldPolls.sweep(now);
    envelopes.countTime();
    this.delivery.run();
    if (this.sweeping) return;
    this.sweeping = Promise.all([
      repository.sweep(now),
      pingKeys.refresh(),
      otherNodes.look(),
      this.tls?.look(),
    ])
      .catch((error) => logger.error({ err: error }, 'the sweep failed'))
      .finally(() => {
        this.sweeping = undefined;
      });
  }

  private checkOpen(): void {
    if (!this.closing) return;
    throw new LaunchKeyEngineError('ENGINE_CLOSED', 'This engine has been closed.');
  }
}

/**
 * Of `localhost`, one: for a second one Fastify would make a second server, which takes no renewed
 * certificate and does not end with the first one.
 */
async function oneAddress(host: string): Promise<string> {
  return host === 'localhost' ? (await lookup(host)).address : host;
}
