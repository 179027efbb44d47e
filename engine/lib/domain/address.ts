/** Where the engine can be reached. Its own part is known once the engine listens. */
export class Address {
  /** The public URL that the operator has set, without a slash at its end. */
  readonly publicUrl: string | undefined;
  /** Where the engine listens, without a slash at its end. */
  url = '';
  /** The port that the engine listens on, if it is bound to loopback. */
  loopbackPort: number | undefined;

  constructor(publicUrl: string | undefined) {
    this.publicUrl = publicUrl;
  }

  /** The URL for links and QR codes. */
  get linkBase(): string {
    return this.publicUrl ?? this.url;
  }
}
