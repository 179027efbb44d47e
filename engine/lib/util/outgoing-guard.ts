import type { LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import { HostLookup } from './host-lookup.js';
import { canonicalAddress, Networks } from './networks.js';

/** IPv4 networks that are not public: IANA's special-purpose registry (RFC 6890) and multicast. */
const SPECIAL_IPV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];
/** The only public IPv6 addresses that are assigned (RFC 4291). */
const GLOBAL_UNICAST = ['2000::/3'];
/** Parts of it that are not public, or that hold an IPv4 address: Teredo, ORCHID, 6to4, documentation. */
const SPECIAL_IPV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

/** Networks that an engine on a loopback address may also send to: loopback and private networks. */
export const DEVELOPMENT_NETWORKS: readonly string[] = [
  '127.0.0.0/8',
  '::1/128',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  'fc00::/7',
];

const globalUnicast = new Networks(GLOBAL_UNICAST);
const special = new Networks([...SPECIAL_IPV4, ...SPECIAL_IPV6]);

/**
 * Restricts the addresses to which the engine connects for a URL that a client gave: such a URL could
 * name a service that only the engine reaches. The address is checked when it is connected to, so a
 * name cannot pass with one address and connect to another.
 */
export class OutgoingGuard {
  private readonly allowed: Networks;
  private readonly hosts: HostLookup;

  /** @param networks - allowed networks that are not public, as `ADDRESS/BITS`. */
  constructor(networks: readonly string[], hosts = new HostLookup()) {
    this.allowed = new Networks(networks);
    this.hosts = hosts;
  }

  /** Ends the lookups of host names. */
  close(): void {
    this.hosts.close();
  }

  allows(address: string): boolean {
    return this.allowed.has(address) || isPublic(address);
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
    this.addresses(hostname).then(
      (addresses) => {
        const [first] = addresses;
        if (options.all || !first) callback(null, addresses);
        else callback(null, first.address, first.family);
      },
      (error) => callback(error, ''),
    );
  };

  /** Rejects if one of the addresses is not allowed, so that the order of the addresses is no matter. */
  private async addresses(hostname: string): Promise<LookupAddress[]> {
    const addresses = await this.hosts.find(hostname);
    const refused = addresses.find(({ address }) => !this.allows(address));
    if (refused) throw refusal(refused.address);
    return addresses;
  }
}

function isPublic(text: string): boolean {
  // An IPv4 address can be written as an IPv6 address.
  const address = canonicalAddress(text);
  if (address === undefined || special.has(address)) return false;
  return isIP(address) === 4 || globalUnicast.has(address);
}

function refusal(address: string): NodeJS.ErrnoException {
  const message = `The engine may not send to ${address}. See callbackNetworks and push.networks.`;
  return Object.assign(new Error(message), { code: 'ADDRESS_NOT_ALLOWED' });
}
