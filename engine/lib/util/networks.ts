import { BlockList, isIP } from 'node:net';

/** Whether a text is a network as `ADDRESS/BITS`, or one address. */
export function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const maxBits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  const fits = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= maxBits);
  return maxBits > 0 && fits && rest.length === 0;
}

/** A set of networks. */
export class Networks {
  private readonly list = new BlockList();

  /** @param networks - each as `ADDRESS/BITS`, or one address. */
  constructor(networks: readonly string[]) {
    for (const network of networks) {
      const [address = '', bits] = network.split('/');
      if (bits === undefined) this.list.addAddress(address, familyOf(address));
      else this.list.addSubnet(address, Number(bits), familyOf(address));
    }
  }

  has(address: string): boolean {
    return this.list.check(address, familyOf(address));
  }
}

const loopback = new Networks(['127.0.0.0/8', '::1']);

/** Whether an address is a loopback address. */
export function isLoopback(address: string): boolean {
  return isIP(address) !== 0 && loopback.has(address);
}

/**
 * An IP address in the one way of writing it, without a zone, and an IPv4 address that is written as
 * IPv6 as itself. `undefined` for anything else.
 */
export function canonicalAddress(text: string): string | undefined {
  const family = isIP(text);
  if (family === 0) return undefined;
  if (family === 4) return text;
  const address = new URL(`http://[${text.split('%')[0]}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(address);
  if (!mapped) return address;
  const bits = mapped.slice(1).map((group) => Number.parseInt(group, 16));
  return bits.flatMap((group) => [group >> 8, group & 255]).join('.');
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}
