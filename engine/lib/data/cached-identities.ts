import { BoundedMap } from '../util/bounded-map.js';
import type { IdentityKind, IdentityPort } from './ports/identities.js';

const MAX_IDENTITIES = 20_000;

/** Identities never change, so that one that was read or committed once stays valid. */
export class CachedIdentities implements IdentityPort {
  private readonly port: IdentityPort;
  private readonly known = new BoundedMap<string, string>(MAX_IDENTITIES);

  constructor(port: IdentityPort) {
    this.port = port;
  }

  async ensure(kind: IdentityKind, userId: string, sector: string, candidate: string) {
    const key = JSON.stringify([kind, userId, sector]);
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const value = await this.port.ensure(kind, userId, sector, candidate);
    this.known.set(key, value);
    return value;
  }
}
