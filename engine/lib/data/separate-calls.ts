import type { Ports } from './data.js';
import type { AppRecord } from './ports/apps.js';
import type { CallPort, UsedNonce } from './ports/calls.js';
import type { OverviewLimits, UserName } from './ports/users.js';

/** The reads of calls, one after the other, for data that is near. */
export class SeparateCalls implements CallPort {
  private readonly ports: Ports;

  constructor(ports: Ports) {
    this.ports = ports;
  }

  async recipient(appKey: string, names: readonly UserName[]) {
    const { apps, users } = this.ports;
    return { app: await apps.get(appKey), subject: () => users.recipient(names) };
  }

  async request(appKey: string, authRequest: string) {
    const { apps, requests } = this.ports;
    return { app: await apps.get(appKey), subject: () => requests.get(authRequest) };
  }

  async answerable(authRequest: string) {
    const request = await this.ports.requests.get(authRequest);
    return request && { request, app: await this.ports.apps.get(request.appKey) };
  }

  async device(id: string) {
    return await this.ports.devices.get(id);
  }

  async admit(deviceId: string, { nonce, expiresAt, now, limit }: UsedNonce) {
    const taken = await this.ports.nonces.take(deviceId, nonce, expiresAt, now, limit);
    return taken === 'taken' ? ((await this.ports.devices.get(deviceId)) ?? 'gone') : taken;
  }

  async overview(userId: string, limits: OverviewLimits) {
    const overview = await this.ports.users.overview(userId, limits);
    if (!overview) return undefined;
    const keys = new Set(overview.requests.map(({ appKey }) => appKey));
    const apps = await Promise.all([...keys].map((key) => this.ports.apps.get(key)));
    return { overview, apps: apps.filter((app): app is AppRecord => app !== undefined) };
  }
}
