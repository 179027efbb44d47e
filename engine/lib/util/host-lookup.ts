import dns, { type LookupAddress } from 'node:dns';
import { lookup, Resolver } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';

/** How long a name server may take for the first query, in ms. The second one may take twice as long. */
const QUERY_TIMEOUT_MS = 2000;
const TRIES = 2;
const HOSTS_FILE =
  process.platform === 'win32'
    ? `${process.env.SystemRoot}\\System32\\drivers\\etc\\hosts`
    : '/etc/hosts';
const LOOPBACK: readonly LookupAddress[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
];
/** Failures after which the system may know the name: from a search domain, or from mDNS. */
const NO_ADDRESS: readonly unknown[] = ['ENOTFOUND', 'ENODATA', 'ECONNREFUSED'];
// Of the module, since `dns.setServers` replaces the function.
const systemServers = dns.getServers().join();

/**
 * Looks up host names in the hosts file and by DNS queries that end after a few seconds.
 * `dns.lookup` runs in a pool with two places for the whole process: names whose DNS server never
 * answers fill them, and then no other name is found.
 */
export class HostLookup {
  private readonly searches: boolean;
  private readonly resolvers = new Set<Resolver>();
  private readonly bySystem = new Map<string, Promise<LookupAddress[]>>();

  /**
   * @param searches - whether the operating system is asked for names without a DNS record, such as
   * those in a search domain. Only for names that strangers cannot choose. Default: false.
   */
  constructor({ searches = false } = {}) {
    this.searches = searches;
  }

  /** Returns at least one address, or rejects with the code of the failure. */
  async find(hostname: string): Promise<LookupAddress[]> {
    const name = hostname.replace(/\.$/, '').toLowerCase();
    const listed = addressesIn(await readHostsFile(), name);
    if (listed.length > 0) return listed;
    if (name === 'localhost' || name.endsWith('.localhost')) return [...LOOPBACK];
    try {
      return await this.query(hostname);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (this.searches && NO_ADDRESS.includes(code)) return await this.askSystem(hostname);
      throw error;
    }
  }

  /** Ends the queries, which otherwise keep the process alive until they time out. */
  close(): void {
    for (const resolver of this.resolvers) resolver.cancel();
  }

  private async query(hostname: string): Promise<LookupAddress[]> {
    const resolver = newResolver();
    this.resolvers.add(resolver);
    try {
      const [v4, v6] = await Promise.allSettled([
        resolver.resolve4(hostname),
        resolver.resolve6(hostname),
      ]);
      const found = [
        ...(v4.status === 'fulfilled' ? v4.value : []),
        ...(v6.status === 'fulfilled' ? v6.value : []),
      ].map((address) => ({ address, family: isIP(address) }));
      if (found.length > 0) return found;
      throw v4.status === 'rejected' ? v4.reason : noAddress(hostname);
    } finally {
      this.resolvers.delete(resolver);
    }
  }

  /** Asks the operating system. Connections that need the same name share one question. */
  private async askSystem(hostname: string): Promise<LookupAddress[]> {
    const asking =
      this.bySystem.get(hostname) ??
      lookup(hostname, { all: true }).finally(() => this.bySystem.delete(hostname));
    this.bySystem.set(hostname, asking);
    return await asking;
  }
}

/** A new one each time, because a resolver never reads changed name servers of the system again. */
function newResolver(): Resolver {
  const resolver = new Resolver({ timeout: QUERY_TIMEOUT_MS, tries: TRIES });
  const servers = dns.getServers();
  // The program has called `dns.setServers`, which new resolvers do not know.
  if (servers.join() !== systemServers) resolver.setServers(servers);
  return resolver;
}

async function readHostsFile(): Promise<string> {
  return await readFile(HOSTS_FILE, 'utf8').catch(() => '');
}

/** Returns the addresses that a hosts file lists for a name in lower case. */
export function addressesIn(hosts: string, name: string): LookupAddress[] {
  return hosts.split('\n').flatMap((line) => {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().toLowerCase().split(/\s+/);
    const family = isIP(address);
    return family !== 0 && names.includes(name) ? [{ address, family }] : [];
  });
}

function noAddress(hostname: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`The host ${hostname} has no address.`), { code: 'ENODATA' });
}
