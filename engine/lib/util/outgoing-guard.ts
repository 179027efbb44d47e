import { lookup as resolve } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import { Networks } from './networks.js';

/**
 * What is not for everybody on the internet: the special-purpose registries of IANA (RFC 6890), and
 * multicast. A cloud's metadata service is among it.
 */
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

/** Where an engine that only its own machine reaches may send to, besides what is public. */
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
 * Decides by the address which connections the engine makes for somebody else's URL, so that nobody
 * makes it call what only the engine can reach. The address is the one that is connected to: a name
 * that resolves to another one in between gains nothing.
 */
export class OutgoingGuard {
  private readonly allowed: Networks;

  /** @param networks - networks that are allowed though they are not public, as `ADDRESS/BITS`. */
  constructor(networks: readonly string[]) {
    this.allowed = new Networks(networks);
  }

  allows(address: string): boolean {
    return this.allowed.has(address) || !special.has(address);
  }

  /** Connects as undici does, but to allowed addresses only; `ADDRESS_NOT_ALLOWED` otherwise. */
  connector(options: buildConnector.BuildOptions): buildConnector.connector {
    const connect = buildConnector({ ...options, lookup: this.lookup });
    return (target, callback) => {
      // Node looks up names only.
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
  const message = `${address} is in no network that the engine may send to.`;
  return Object.assign(new Error(message), { code: 'ADDRESS_NOT_ALLOWED' });
}
