/**
 * Whether a host of a `URL` is this machine. `URL` has already converted other spellings of an IPv4
 * address to dotted decimals.
 */
export function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127\.\d+\.\d+\.\d+$/.test(hostname)
  );
}
