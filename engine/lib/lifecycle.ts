import { lookup } from 'node:dns/promises';
import type { Server as HttpServer } from 'node:http';
import { type AddressInfo, Server as NetServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { EngineParts } from './assemble.js';
import type { Services } from './domain/services.js';
import type { CloseOptions } from './engine.js';
import { LaunchKeyEngineError } from './errors.js';
import { Connections } from './http/connections.js';
import { createMetricsServer, createServer } from './http/server.js';
import type { Watched } from './observability/faults.js';
import type { ListenAddress, ResolvedOptions } from './options.js';
import { isLoopback } from './util/networks.js';
import { maxConnections } from './util/open-files.js';

/** Interval between sweeps for due and expired records, in ms. */
const SWEEP_INTERVAL_MS = 250;
/** How long `close` waits for responses that are being written, in ms. */
const CLOSE_TIMEOUT_MS = 2000;
/** How long a drain lasts at most where no proxy asks for the readiness, in ms. */
const UNPROBED_DRAIN_MS = 1000;
/** How long clients that connected before the engine stopped to listen may take, in ms. */
const LAST_REQUESTS_MS = 500;
/** Longest turn of the event loop in which hardly a client connects unnoticed, in ms. */
const QUIET_TURN_MS = 1;
/** Interval at which a drain looks at the connections, in ms. */
const DRAIN_CHECK_MS = 50;

/** Starts and ends one engine: it listens, sweeps while it runs, and closes. */
export class Lifecycle {
  private readonly parts: EngineParts;
  private readonly sweeper: NodeJS.Timeout;
  private server: Awaited<ReturnType<typeof createServer>> | undefined;
  private metricsServer: Awaited<ReturnType<typeof createServer>> | undefined;
  /** Where `/metrics` is served, if that is a server of its own. */
  metricsUrl: string | undefined;
  private connections: Connections | undefined;
  private closing: Promise<void> | undefined;
  private readonly sweeps: Watched;
  private sweeping: Promise<unknown> | undefined;
  /** When a drain ends, by `performance.now()`. A second call of `close` ends it at once. */
  private drainUntil = 0;

  constructor(parts: EngineParts) {
    this.parts = parts;
    this.sweeps = parts.services.faults.watch(
      'expired records cannot be deleted',
      'expired records are deleted again',
    );
    // The only timer for everything that expires. It keeps no process alive.
    this.sweeper = setInterval(() => this.sweep(), SWEEP_INTERVAL_MS).unref();
  }

  /** Throws an `ENGINE_CLOSED` error once the engine closes. */
  openServices(): Services {
    if (!this.closing) return this.parts.services;
    throw new LaunchKeyEngineError('ENGINE_CLOSED', 'This engine has been closed.');
  }

  async listen({
    host,
    port,
    trustedProxies,
    metricsAddress,
  }: Pick<ResolvedOptions, 'host' | 'port' | 'trustedProxies' | 'metricsAddress'>): Promise<void> {
    const { services, tls } = this.parts;
    const server = await createServer(services, trustedProxies, {
      tls,
      metrics: metricsAddress === undefined,
    });
    this.server = server;
    this.connections = new Connections(server.server, {
      max: maxConnections(),
      faults: services.faults,
    });
    await this.bind(server, { host, port });
    if (metricsAddress) await this.listenForMetrics(metricsAddress);
    const bound = server.server.address() as AddressInfo;
    const { address } = services;
    if (isLoopback(bound.address)) address.loopbackPort = bound.port;
    const shown = host.includes(':') ? `[${host}]` : host;
    address.url = `${tls ? 'https' : 'http'}://${shown}:${bound.port}`;
    await this.warnOfVirtualDevices();
  }

  private async warnOfVirtualDevices(): Promise<void> {
    const { data, logger, virtualDevice } = this.parts.services;
    if (virtualDevice.enabled) return;
    const users = await data.users.countVirtualDevices();
    if (users === 0) return;
    const help = 'pair their phones, or set virtualDevices (--virtual-devices)';
    logger.warn({ users, help }, 'users have no device: their virtual devices are off');
  }

  private async listenForMetrics(listen: ListenAddress): Promise<void> {
    this.metricsServer = await createMetricsServer(this.parts.services);
    await this.bind(this.metricsServer, listen);
    const { port } = this.metricsServer.server.address() as AddressInfo;
    const shown = listen.host.includes(':') ? `[${listen.host}]` : listen.host;
    this.metricsUrl = `http://${shown}:${port}/metrics`;
  }

  private async bind(
    server: Awaited<ReturnType<typeof createServer>>,
    { host, port }: ListenAddress,
  ): Promise<void> {
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
  }

  async close({ drainMs = 0 }: CloseOptions = {}): Promise<void> {
    if (drainMs === 0) this.drainUntil = 0;
    this.closing ??= this.drain(drainMs).then(() => this.shutDown());
    await this.closing;
  }

  /**
   * Goes on serving, not ready, until proxies send no more requests. Each response ends its connection,
   * since a connection that is closed while it is idle can lose a request that is under way.
   */
  private async drain(drainMs: number): Promise<void> {
    if (drainMs === 0) return;
    const { health, heldPolls, logger } = this.parts.services;
    const { isProbed } = health;
    health.stop();
    logger.info({}, 'stopping');
    this.drainUntil =
      performance.now() + (isProbed ? drainMs : Math.min(drainMs, UNPROBED_DRAIN_MS));
    await this.waitForClients(() => !isProbed || health.isOutOfService);
    heldPolls.timeOut();
    if (!this.server) return;
    this.drainUntil = performance.now() + LAST_REQUESTS_MS;
    await this.quietTurn();
    stopListening(this.server.server);
    await this.waitForClients(() => true);
  }

  /** Clients that have connected and are not accepted yet are reset when the engine stops to listen. */
  private async quietTurn(): Promise<void> {
    while (performance.now() < this.drainUntil) {
      const [since, accepted] = [performance.now(), this.connections?.accepted];
      await new Promise((resolve) => setImmediate(resolve));
      const isQuiet = accepted === this.connections?.accepted;
      if (isQuiet && performance.now() - since < QUIET_TURN_MS) return;
    }
  }

  /** Waits until no client is connected, or until the drain ends. */
  private async waitForClients(mayEnd: () => boolean): Promise<void> {
    const isDone = () => this.connections?.count === 0 && mayEnd();
    while (performance.now() < this.drainUntil && !isDone()) {
      await delay(DRAIN_CHECK_MS, undefined, { ref: false });
    }
  }

  private async shutDown(): Promise<void> {
    const { services, delivery, push } = this.parts;
    clearInterval(this.sweeper);
    services.heldPolls.close();
    services.heldDevices.close();
    const { server } = this;
    if (server) {
      const impatience = setTimeout(() => this.connections?.destroy(), CLOSE_TIMEOUT_MS);
      await server.close();
      clearTimeout(impatience);
    }
    await this.metricsServer?.close();
    await delivery.close();
    await push.close();
    await this.sweeping;
    // The counts are lost if the data cannot be written.
    await services.refusedRequests.close().catch(() => {});
    await services.health.leave();
    await services.data.close();
  }

  private sweep(): void {
    const { services, delivery, tls } = this.parts;
    const { clock, envelopes, heldPolls, signals, pingKeys, data, health, refusedRequests } =
      services;
    const now = clock();
    health.tick();
    heldPolls.sweep(now);
    envelopes.countTime();
    delivery.run();
    if (this.sweeping) return;
    this.sweeping = Promise.all([
      data.sweep(now, this.parts.retention),
      refusedRequests.sweep(now),
      pingKeys.refresh(),
      signals.catchUp(),
      tls?.refresh(),
    ])
      .then(
        () => this.sweeps.worked(),
        (error) => this.sweeps.failed(error),
      )
      .finally(() => {
        this.sweeping = undefined;
      });
  }
}

/** Unlike the method of `http.Server`, this closes no connection, idle or not. */
function stopListening(server: HttpServer): void {
  NetServer.prototype.close.call(server);
}

/**
 * Resolves `localhost` to one address. For a second address Fastify would make a second server, which
 * gets no renewed certificate and does not close with the first.
 */
async function oneAddress(host: string): Promise<string> {
  return host === 'localhost' ? (await lookup(host)).address : host;
}
