import { PublicKeys } from './crypto/keys.js';
import type { Data } from './data/data.js';
import { observeSteps } from './data/observed.js';
import { openData } from './data/open.js';
import type { Retention } from './data/retention.js';
import { Address } from './domain/address.js';
import { Answers } from './domain/answers.js';
import { Apps } from './domain/apps.js';
import { Audit } from './domain/audit.js';
import { AuditTrail } from './domain/audit-trail.js';
import { Deletions } from './domain/deletions.js';
import { Devices } from './domain/devices.js';
import { Doctor } from './domain/doctor.js';
import { Envelopes } from './domain/envelopes.js';
import { Events } from './domain/events.js';
import { ExpectedLogins } from './domain/expected-logins.js';
import { Factors } from './domain/factors.js';
import { FailedCalls } from './domain/failed-calls.js';
import { Fraud } from './domain/fraud.js';
import { Health } from './domain/health.js';
import { HeldDevices } from './domain/held-devices.js';
import { HeldPolls } from './domain/held-polls.js';
import { Pairings } from './domain/pairings.js';
import { PingKeys } from './domain/ping-keys.js';
import { PushSubscriptions } from './domain/push-subscriptions.js';
import { RefusedRequests } from './domain/refused-requests.js';
import { Requests } from './domain/requests.js';
import { Rotation } from './domain/rotation.js';
import type { Services } from './domain/services.js';
import { Sessions } from './domain/sessions.js';
import { Signals } from './domain/signals.js';
import { type EngineStatus, Status } from './domain/status.js';
import { Suspensions } from './domain/suspensions.js';
import { UsedPingKeys } from './domain/used-ping-keys.js';
import { Users } from './domain/users.js';
import { VirtualDevice } from './domain/virtual-device.js';
import { WhiteLabel } from './domain/white-label.js';
import { Withdrawals } from './domain/withdrawals.js';
import { Tls } from './http/tls.js';
import { Faults } from './observability/faults.js';
import { type DataFigures, Metrics } from './observability/metrics.js';
import type { ResolvedOptions } from './options.js';
import { Delivery } from './outbound/delivery.js';
import { Push } from './outbound/push.js';
import { openVapidKeys, PushMessages } from './outbound/push-message.js';
import { HostLookup } from './util/host-lookup.js';
import { maxHeldRequests } from './util/open-files.js';
import { OutgoingGuard } from './util/outgoing-guard.js';

/** One engine, put together and not listening yet. */
export interface EngineParts {
  services: Services;
  retention: Retention;
  delivery: Delivery;
  push: Push;
  tls: Tls | undefined;
}

/** Opens the data and makes the parts of an engine. */
export async function assemble(options: ResolvedOptions): Promise<EngineParts> {
  const { clock, limits, logger, virtualDevices } = options;
  const tls = options.tls && (await Tls.open(options.tls, logger));
  const address = new Address(options.publicUrl);
  const faults = new Faults(logger, clock);
  const metrics = new Metrics({
    heldPolls: () => heldPolls.size,
    heldDevices: () => heldDevices.size,
    ready: () => health.readiness.ready,
    data: async () => await dataFigures(data, clock()),
  });
  const opened = await openData({ ...options, faults });
  const data = observeSteps(opened, (kind, milliseconds, error) => {
    metrics.step(kind, milliseconds, error !== undefined);
    if (error !== undefined) health.suspect(error);
  });
  const health: Health = new Health({ data, address, faults, clock });
  const [pingKeys, vapidKeys] = await Promise.all([
    PingKeys.open(data, clock, options.pingKeyGrace),
    openVapidKeys(data),
  ]).catch(async (error) => {
    await data.close();
    throw error;
  });

  const publicKeys = new PublicKeys();
  const signals = new Signals(data, clock);
  const heldPolls = new HeldPolls(signals);
  const heldDevices = new HeldDevices(signals);

  const apps = new Apps(data, clock);
  const users = new Users({
    data,
    clock,
    whiteLabelLimit: limits.whiteLabelUsersPerApp,
    virtualDevices,
  });
  const audit = new Audit(data, clock);
  const refusedRequests = new RefusedRequests(audit, clock);
  const events = new Events(users, signals, clock, logger);
  const fraud = new Fraud({ data, audit, signals, metrics, logger, clock });
  const usedPingKeys = new UsedPingKeys(data, pingKeys, clock);
  const delivery = new Delivery(
    {
      data,
      clock,
      logger,
      faults,
      metrics,
      guard: new OutgoingGuard(options.callbackNetworks, new HostLookup({ searches: true })),
      signer: (event) => usedPingKeys.signer(event),
    },
    options.delivery,
  );
  const requests = new Requests({
    data,
    users,
    signals,
    events,
    fraud,
    audit,
    refusedRequests,
    limits,
    clock,
    requestTtl: options.requestTtl,
    rateWindows: options.rateWindows,
    logins: options.logLogins ? logger : undefined,
    eventLeaseMs: delivery.leaseMs,
  });
  const pairings = new Pairings(data, clock, address);
  const pushGuard = new OutgoingGuard(options.push.networks);
  const pushSubscriptions = new PushSubscriptions(data, pushGuard, audit, signals);
  const push = new Push(
    {
      data,
      subscriptions: pushSubscriptions,
      fraud,
      guard: pushGuard,
      messages: new PushMessages(
        vapidKeys,
        options.publicUrl,
        () => `${address.linkBase}/authenticator`,
      ),
      metrics,
      logger,
      clock,
    },
    options.push,
  );
  signals.eventQueued.subscribe((claimed) =>
    claimed ? delivery.sendClaimed(claimed) : delivery.run(),
  );
  signals.requestCreated.subscribe((request, devices) => push.wake(request, devices));

  const sessions = new Sessions({ data, signals, events, audit, clock });
  const devices = new Devices({
    data,
    pairings,
    signals,
    audit,
    clock,
    limit: limits.devicesPerUser,
  });
  const virtualDevice = new VirtualDevice({ data, requests, publicKeys, enabled: virtualDevices });
  const services: Services = {
    data,
    pingKeys,
    envelopes: new Envelopes(data, pingKeys, publicKeys, clock, usedPingKeys),
    apps,
    users,
    rotation: new Rotation({ data, audit, signals, clock }),
    deletions: new Deletions({ data, users, audit, signals, sessions, clock }),
    suspensions: new Suspensions({ data, audit, signals, sessions, clock }),
    requests,
    refusedRequests,
    expectedLogins: new ExpectedLogins({ data, audit, signals, clock }),
    withdrawals: new Withdrawals({ data, audit, signals, fraud, clock }),
    sessions,
    pairings,
    whiteLabel: new WhiteLabel({ data, users, pairings, devices, publicKeys, virtualDevices }),
    virtualDevice,
    doctor: new Doctor({
      data,
      health,
      address,
      limits,
      virtualDevice,
      clock,
      tls: tls !== undefined,
      trustedProxies: options.trustedProxies.length,
    }),
    devices,
    answers: new Answers({ data, requests, publicKeys, fraud, audit, metrics, clock }),
    factors: new Factors(data, audit, signals, clock),
    pushKey: push.publicKey,
    pushSubscriptions,
    fraud,
    audit,
    auditTrail: new AuditTrail(data, users),
    status: new Status({
      data,
      kind: kindOf(options),
      health,
      faults,
      heldPolls,
      heldDevices,
      clock,
    }),
    signals,
    heldPolls,
    heldDevices,
    failedCalls: new FailedCalls(clock, logger),
    limits: { ...limits, heldPolls: Math.min(limits.heldPolls, maxHeldRequests()) },
    health,
    faults,
    metrics,
    logger,
    clock,
    address,
  };
  return { services, retention: options.retention, delivery, push, tls };
}

function kindOf({ data, databaseUrl }: ResolvedOptions): EngineStatus['data'] {
  if (databaseUrl !== undefined) return 'PostgreSQL';
  return data === undefined ? 'memory' : 'SQLite';
}

async function dataFigures(data: Data, now: number): Promise<DataFigures> {
  const [pendingRequests, queuedEvents, oldest = now] = await Promise.all([
    data.requests.countOpen(now),
    data.deliveries.count(),
    data.deliveries.oldest(),
  ]);
  return { pendingRequests, queuedEvents, oldestEventSeconds: Math.max(0, now - oldest) / 1000 };
}
