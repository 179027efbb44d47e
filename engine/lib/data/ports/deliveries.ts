/** An event that is to be sent to an application. */
export interface DeliveryRecord {
  id: string;
  kind: 'answer' | 'logout';
  appKey: string;
  userId: string;
  callbackUrl: string;
  /** The event's own parameters; signatures and times are added when it is sent. */
  parameters: Record<string, string>;
  /** When it happened, or when a logout was last stated again. */
  eventTime: number;
  createdAt: number;
  attempts: number;
  nextAttemptAt: number;
  giveUpAt: number;
}

export interface DeliveryPort {
  /**
   * Claims at most `limit` due deliveries for `leaseMs`, with at most `perApp` of one application in
   * progress. Deliveries of a disabled application are left until it is enabled or they expire.
   */
  claim(now: number, limit: number, perApp: number, leaseMs: number): Promise<DeliveryRecord[]>;
  /** Ends the claim and sets the next attempt; does nothing if the delivery was replaced. */
  reschedule(
    id: string,
    change: Pick<DeliveryRecord, 'attempts' | 'nextAttemptAt' | 'eventTime'>,
  ): Promise<void>;
  delete(id: string): Promise<void>;
  /**
   * After the clock was put back: makes due what waits for longer than `maxWaitMs`, and ends claims that
   * are longer than `maxClaimMs`.
   */
  cutWaits(now: number, maxWaitMs: number, maxClaimMs: number): Promise<void>;
  count(): Promise<number>;
  /** When the oldest event in the queue was made; `undefined` without one. */
  oldest(): Promise<number | undefined>;
}
