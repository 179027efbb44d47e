import { describe, expect, it } from 'vitest';
import { Vault } from '../../lib/data/sql/vault.js';

describe('a secret in the database', () => {
  const vault = new Vault(Vault.newKey());

  it('opens under the name that it was sealed under', () => {
    expect(vault.open('ping-key', vault.seal('ping-key', 'secret'))).toBe('secret');
  });

  it('does not open under the name of another secret', () => {
    const sealed = vault.seal('vapid', 'secret');
    expect(() => vault.open('ping-key', sealed)).toThrow('does not open this database');
  });

  it('does not open with another key', () => {
    const sealed = vault.seal('ping-key', 'secret');
    expect(() => new Vault(Vault.newKey()).open('ping-key', sealed)).toThrow('does not open');
  });
});
