/** The signature of a device's request (RFC 9421), read and not verified. */
export interface SignedRequest {
  /** When it was signed, in seconds of the engine's time as the device knows it. */
  created: number;
  nonce: string;
  keyId: string;
  /** The signature base (RFC 9421, section 2.5). */
  base: string;
  /** Base64. */
  signature: string;
}
