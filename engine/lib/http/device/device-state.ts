import { hash } from 'node:crypto';
import { spkiBase64 } from '../../crypto/keys.js';
import type { AppRecord } from '../../data/ports/apps.js';
import type { DeviceRecord } from '../../data/ports/devices.js';
import type { RequestRecord, WithdrawnRequest } from '../../data/ports/requests.js';
import type { UserRecord } from '../../data/ports/users.js';
import { showBrowser } from '../../domain/browsers.js';
import { answerKey } from '../../domain/credentials.js';
import { digitsToType } from '../../domain/number-choice.js';
import type { Services } from '../../domain/services.js';
import { groupSessions, showSession } from '../../domain/snapshots.js';
import { reportableUntil } from '../../domain/withdrawals.js';
import { orRefuse } from './words.js';

/** Everything that a paired device shows, and a version that changes with it. */
export interface DeviceState {
  version: string;
  body: object;
}

/** Throws when the device was unpaired. */
export async function deviceState(services: Services, known: DeviceRecord): Promise<DeviceState> {
  const { overview, apps } = orRefuse(await services.devices.overview(known));
  const { user, devices, requests, withdrawn, sessions, fraud } = overview;
  const device = devices.find(({ id }) => id === known.id);
  if (!device) return orRefuse({ refused: 'unpaired' } as const);
  const shown = {
    username: user.username,
    device: {
      id: device.id,
      name: device.name,
      push: device.push !== undefined,
      knowledge: device.knowledgeKey !== undefined,
      webauthn: device.webauthn
        ? { credentialId: device.webauthn.credentialId, transports: device.webauthn.transports }
        : null,
    },
    devices: devices.map(({ id, name, createdAt, push }) => ({
      id,
      name,
      createdAt,
      push: push !== undefined,
    })),
    requests: showForDevice(services, requests, apps),
    withdrawn: withdrawn.filter(({ reported }) => !reported).map(showWithdrawn),
    sessions: groupSessions(sessions.map(showSession)).map((group) => ({
      ...group,
      since: group.since.getTime(),
    })),
    loginExpectedUntil: loginExpectedUntil(user, services.clock()),
    pausedUntil: services.fraud.pauseOf(fraud) ?? null,
    pushKey: services.pushKey,
  };
  const version = hash('sha256', JSON.stringify(shown), 'base64url').slice(0, 22);
  const seen = new Map(devices.map(({ id, lastSeenAt }) => [id, lastSeenAt]));
  const body = {
    version,
    now: services.clock(),
    ...shown,
    devices: shown.devices.map((one) => ({ ...one, lastSeenAt: seen.get(one.id) })),
  };
  return { version, body };
}

/** `null` when the time is over. */
function loginExpectedUntil({ loginExpectedUntil: until }: UserRecord, now: number): number | null {
  return until !== undefined && until > now ? until : null;
}

/** Those whose application was deleted in this moment are left out. */
function showForDevice(
  { clock }: Services,
  requests: readonly RequestRecord[],
  apps: readonly AppRecord[],
): object[] {
  return requests.flatMap((request) => {
    const app = apps.find(({ appKey }) => appKey === request.appKey);
    return app ? [showRequest(request, answerKey(app, request, clock()))] : [];
  });
}

function showWithdrawn(request: WithdrawnRequest): object {
  return {
    authRequest: request.authRequest,
    app: { name: request.appName, appKey: request.appKey },
    context: request.context,
    session: request.session,
    browser: request.browser && showBrowser(request.browser),
    withdrawnAt: request.withdrawnAt,
    reportUntil: reportableUntil(request),
  };
}

function showRequest(request: RequestRecord, publicKey: string): object {
  return {
    authRequest: request.authRequest,
    app: { name: request.appName, appKey: request.appKey, publicKey: spkiBase64(publicKey) },
    context: request.context,
    session: request.session,
    numbers: request.numbers,
    numberLength: digitsToType(request),
    policy: request.policy,
    browser: request.browser && showBrowser(request.browser),
    denialOnly: request.denialOnly === true,
    createdAt: request.createdAt,
    expiresAt: request.expiresAt,
  };
}
