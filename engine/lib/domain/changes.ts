/** Tells whoever shows a user's requests and sessions that there is something new to show. */
export class Changes {
  private readonly listeners = new Map<string, Set<() => void>>();

  onNotify: (userId: string) => void = () => {};

  /** Returns what ends the subscription. */
  subscribe(userId: string, listener: () => void): () => void {
    const ofUser = this.listeners.get(userId) ?? new Set();
    this.listeners.set(userId, ofUser);
    ofUser.add(listener);
    return () => {
      ofUser.delete(listener);
      if (ofUser.size === 0 && this.listeners.get(userId) === ofUser) this.listeners.delete(userId);
    };
  }

  count(userId: string): number {
    return this.listeners.get(userId)?.size ?? 0;
  }

  /** Told to whoever shares the data, too. */
  notify(userId: string): void {
    this.notifyHere(userId);
    this.onNotify(userId);
  }

  notifyHere(userId: string): void {
    for (const listener of this.listeners.get(userId) ?? []) listener();
  }

  /** Whatever is shown may have changed. */
  notifyAll(): void {
    for (const userId of this.listeners.keys()) this.notifyHere(userId);
  }
}
