export interface NoncePort {
  /**
   * Remembers a nonce of a device until `expiresAt`. `'seen'` if it is remembered already, `'full'` if
   * `limit` nonces of the device are remembered, `'gone'` if the device does not exist.
   */
  take(
    deviceId: string,
    nonce: string,
    expiresAt: number,
    now: number,
    limit: number,
  ): Promise<'taken' | 'seen' | 'full' | 'gone'>;
}
