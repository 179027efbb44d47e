import { lookup as resolve } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import { Networks } from './networks.js';

/** Networks that are not public: IANA's special-purpose registries (RFC 6890) and multicast. */
const SPECIAL = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/127',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  'fc00::/7',
  'fe80::/10',
  'ff00::/8',
];

/** Networks that an engine on a loopback address may also send to: loopback and private networks. */
export const DEVELOPMENT_NETWORKS: readonly string[] = [
  '127.0.0.0/8',
  '::1/128',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  'fc00::/7',
];

const special = new Networks(SPECIAL);

/**
 * Restricts the addresses to which the engine connects for a URL that a client gave: such a URL could
 * name a service that only the engine reaches. The address is checked when it is connected to, so a
 * name cannot pass with one address and connect to another.
 */
export class OutgoingGuard {
  private readonly allowed: Networks;

  /** @param networks - allowed networks that are not public, as `ADDRESS/BITS`. */
  constructor(networks: readonly string[]) {
    this.allowed = new Networks(networks);
  }

  allows(address: string): boolean {
    return this.allowed.has(address) || !special.has(address);
  }

  /** Connects as undici does. Fails with `ADDRESS_NOT_ALLOWED` for an address that is not allowed. */
  connector(options: buildConnector.BuildOptions): buildConnector.connector {
    const connect = buildConnector({ ...options, lookup: this.lookup });
    return (target, callback) => {
      // Node does not look up literal addresses.
      const literal = target.hostname.replace(/^\[|\]$/g, '');
      if (isIP(literal) && !this.allows(literal)) {
        callback(refusal(literal), null);
        return;
      }
      connect(target, callback);
    };
  }

  private readonly lookup: LookupFunction = (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '');
      const refused = addresses.find(({ address }) => !this.allows(address));
      if (refused) return callback(refusal(refused.address), '');
      const [first] = addresses;
      if (options.all || !first) return callback(null, addresses);
      callback(null, first.address, first.family);
    });
  };
}

function refusal(address: string): NodeJS.ErrnoException {
  const message = `The engine may not send to ${address}. See callbackNetworks and push.networks.`;
  return Object.assign(new Error(message), { code: 'ADDRESS_NOT_ALLOWED' });
}
