import { lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { connect } from 'node:tls';
import type { Data } from '../data/data.js';
import { isLoopback } from '../util/networks.js';
import type { Address } from './address.js';
import type { Health } from './health.js';
import type { Limits } from './limits.js';
import type { VirtualDevice } from './virtual-device.js';

/** How long a look at the network may take, in ms. */
const NETWORK_TIMEOUT_MS = 3000;
/** How far the clocks of two engines may differ, in ms. */
const MAX_CLOCK_DIFFERENCE_MS = 5000;
/** How long before its end a certificate is reported, in ms. */
const CERTIFICATE_MARGIN_MS = 14 * 24 * 3_600_000;
/** How long an event waits before an application counts as out of reach, in ms. */
const MAX_EVENT_AGE_MS = 5 * 60_000;
/** Open files besides those of held polls and phones: the data, events, push messages. */
const OTHER_FILES = 1000;

/** What {@link Engine.doctor} has found about one thing. */
export interface Finding {
  /** What was checked, for example `data` or `public URL`. */
  check: string;
  result: 'ok' | 'warn' | 'fail';
  /** What was found. */
  message: string;
  /** What to do, unless the result is `ok`. */
  advice?: string;
}

export interface DoctorDependencies {
  data: Data;
  health: Health;
  address: Address;
  limits: Limits;
  virtualDevice: VirtualDevice;
  clock: () => number;
  /** Whether the engine itself serves https. */
  tls: boolean;
  /** The number of proxies and networks that are trusted. */
  trustedProxies: number;
}

/** Looks for what keeps an engine from working well, and says what to do. */
export class Doctor {
  private readonly with: DoctorDependencies;

  constructor(dependencies: DoctorDependencies) {
    this.with = dependencies;
  }

  async examine(): Promise<Finding[]> {
    const state = await this.with.health.check();
    const always = [this.publicUrl(), this.proxies(), this.files()];
    const ofData = [this.clocks(), this.events(), this.devices()];
    return [
      state.ready
        ? ok('data', 'can be read and written, and changes by other engines arrive')
        : fail('data', state.reason, ADVICE[state.reason] ?? 'See the log for the error.'),
      ...(await Promise.all(state.ready ? [...always, ...ofData] : always)),
    ];
  }

  private async publicUrl(): Promise<Finding> {
    const { publicUrl } = this.with.address;
    const check = 'public URL';
    if (publicUrl === undefined) {
      return warn(check, 'is not set', 'Set publicUrl (--public-url), or phones cannot be paired.');
    }
    const { protocol, hostname, port } = new URL(publicUrl);
    if (protocol !== 'https:') {
      const advice = 'Use https: browsers keep the keys of phones for https only.';
      return isLoopback(hostname) ? ok(check, publicUrl) : warn(check, 'is not https', advice);
    }
    try {
      await lookup(hostname);
    } catch {
      return fail(check, `${hostname} has no address`, 'Correct publicUrl or the DNS.');
    }
    return await certificate(hostname, Number(port || 443), this.with.clock());
  }

  private async proxies(): Promise<Finding> {
    const { address, tls, trustedProxies } = this.with;
    const behindProxy = address.publicUrl?.startsWith('https:') && !tls;
    if (!behindProxy || trustedProxies > 0) return ok('proxies', `${trustedProxies} are trusted`);
    return warn(
      'proxies',
      'a proxy ends TLS and is not trusted: all calls seem to come from it',
      'Name it by trustedProxies (--trusted-proxy).',
    );
  }

  private async files(): Promise<Finding> {
    const text = await readFile('/proc/self/limits', 'utf8').catch(() => '');
    const limit = Number(/^Max open files\s+(\d+)/m.exec(text)?.[1] ?? Number.POSITIVE_INFINITY);
    const needed = this.with.limits.heldPolls + OTHER_FILES;
    if (limit >= needed) return ok('open files', `at most ${limit}`);
    return warn(
      'open files',
      `at most ${limit}, and ${needed} are needed for all held polls`,
      'Raise the limit (LimitNOFILE, ulimit -n), or lower limits.heldPolls.',
    );
  }

  private async clocks(): Promise<Finding> {
    const { data, health, clock } = this.with;
    const others = (await data.nodes.list()).filter(({ id }) => id !== health.nodeId);
    const ahead = Math.max(0, ...others.map(({ seenAt }) => seenAt - clock()));
    if (ahead <= MAX_CLOCK_DIFFERENCE_MS) return ok('clock', 'is not behind that of other engines');
    return fail(
      'clock',
      `is ${Math.round(ahead / 1000)} s behind that of another engine`,
      'Run NTP on all machines.',
    );
  }

  private async events(): Promise<Finding> {
    const { data, clock } = this.with;
    const oldest = (await data.deliveries.oldest()) ?? clock();
    if (clock() - oldest < MAX_EVENT_AGE_MS) return ok('events', 'none waits for long');
    return warn(
      'events',
      `one waits since ${new Date(oldest).toISOString()}`,
      'The log names the application and why it did not accept the event.',
    );
  }

  private async devices(): Promise<Finding> {
    const { data, virtualDevice } = this.with;
    const users = virtualDevice.enabled ? 0 : await data.users.countVirtualDevices();
    if (users === 0) return ok('devices', 'no user has only a virtual device that is off');
    return warn(
      'devices',
      `${users} users have no device: their virtual devices are off`,
      'Pair their phones (device pair).',
    );
  }
}

const ADVICE: Readonly<Record<string, string>> = {
  'the disk is full': 'Free space. The engine goes on by itself.',
  'the data is read-only': 'Make the file system or the database writable, or name the primary.',
  'the data file was moved or deleted': 'Stop the engine, restore the file, and start it again.',
  'the data does not answer': 'Look at the disk or the database: it hangs.',
  'the database delivers no notifications':
    'With PgBouncer in transaction mode, set database.listenUrl (--database-listen-url).',
  'the database cannot be reached': 'Start PostgreSQL, or correct databaseUrl.',
};

/** Asks the public address for its certificate, as phones do. */
async function certificate(host: string, port: number, now: number): Promise<Finding> {
  const check = 'public URL';
  return await new Promise((resolve) => {
    // An address is no server name (RFC 6066).
    const servername = isIP(host) === 0 ? { servername: host } : {};
    const socket = connect({ host, port, ...servername, rejectUnauthorized: false });
    const end = (finding: Finding) => {
      socket.destroy();
      resolve(finding);
    };
    socket.setTimeout(NETWORK_TIMEOUT_MS, () =>
      end(fail(check, `${host} does not answer`, 'Start the proxy, or correct publicUrl.')),
    );
    socket.once('error', ({ code }: NodeJS.ErrnoException) =>
      end(
        fail(
          check,
          `${host} cannot be reached (${code})`,
          'Start the proxy, or correct publicUrl.',
        ),
      ),
    );
    socket.once('secureConnect', () => {
      const { authorized, authorizationError } = socket;
      const until = Date.parse(socket.getPeerCertificate().valid_to);
      if (!authorized) {
        const advice = 'Install a certificate that browsers trust, with its intermediate ones.';
        end(fail(check, `the certificate is not trusted (${authorizationError})`, advice));
      } else if (until - now < CERTIFICATE_MARGIN_MS) {
        end(warn(check, `the certificate ends ${new Date(until).toISOString()}`, 'Renew it.'));
      } else end(ok(check, `${host}, certificate until ${new Date(until).toISOString()}`));
    });
  });
}

function ok(check: string, message: string): Finding {
  return { check, result: 'ok', message };
}

function warn(check: string, message: string, advice: string): Finding {
  return { check, result: 'warn', message, advice };
}

function fail(check: string, message: string, advice: string): Finding {
  return { check, result: 'fail', message, advice };
}
