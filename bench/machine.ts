import { generateKeyPairSync, sign } from 'node:crypto';
import { cpus, totalmem } from 'node:os';
import { cpu } from './usage.js';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const data = Buffer.alloc(256, 1);

/**
 * The unit: the CPU time of one bare RSA-2048 private operation on this machine, in milliseconds.
 * A thousand divided by it is how many a core does in a second, which is the limit for any login
 * that takes one.
 */
export function rsaUnit(operations = 1000): number {
  const before = cpu();
  for (let i = 0; i < operations; i++) sign('sha256', data, privateKey);
  return (cpu() - before) / operations;
}

/** The processor, in a few words. */
export function cores(): string {
  const all = cpus();
  return `${all.length} cores of ${all[0]?.model.trim() ?? 'unknown processor'}`;
}

/** The shape of the machine, in one line. */
export function machine(): string {
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cores()}, ${memory} GiB, ${process.platform} ${process.arch}`;
}
