/** One generation of the engine's own key pair. */
export interface PingKeyRecord {
  fingerprint: string;
  /** Whole seconds. */
  madeAt: number;
  /** Until when it decrypts; `undefined` for the current one. */
  retiresAt?: number;
  /** PKCS#8, DER, base64. Databases hold it encrypted. */
  privateKey: string;
}

export interface PingKeyPort {
  /** The ping keys that still decrypt, the current one first. */
  list(): Promise<PingKeyRecord[]>;
  /**
   * Makes this the current ping key and retires `successorOf` at `retiresAt`; `successorOf` is
   * `undefined` for the first key. `false` if another key is current.
   */
  add(key: PingKeyRecord, successorOf: string | undefined, retiresAt: number): Promise<boolean>;
}
