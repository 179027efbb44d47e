import type { SecretPort } from '../ports/secrets.js';

export class MemorySecrets implements SecretPort {
  private readonly byName = new Map<string, string>();

  async ensure(name: string, candidate: string) {
    const secret = this.byName.get(name) ?? candidate;
    this.byName.set(name, secret);
    return secret;
  }
}
