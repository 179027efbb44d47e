import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

const USER_PRESENT = 0x01;
const USER_VERIFIED = 0x04;
const WITH_CREDENTIAL = 0x40;

/** Where a page and its authenticator are. */
interface Place {
  /** The origin of the page. */
  origin: string;
  /** Whether the user is asked who they are, beyond a touch. Default `true`. */
  verifies?: boolean;
}

/**
 * An authenticator as WebAuthn has it (level 2, sections 6.1 and 6.5), with one ES256 credential and no
 * attestation, written without the library that the engine reads it with.
 */
export class Authenticator {
  readonly id = randomBytes(16);
  private readonly keys: { publicKey: KeyObject; privateKey: KeyObject };
  private counter = 0;

  constructor() {
    this.keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  }

  /** Answers `navigator.credentials.create`: a `RegistrationResponseJSON`. */
  create(challenge: string, place: Place): object {
    const length = Buffer.from([0, this.id.length]);
    const credential = Buffer.concat([Buffer.alloc(16), length, this.id, this.coseKey()]);
    const data = this.data(place, WITH_CREDENTIAL, credential);
    return this.response({
      clientDataJSON: clientData('webauthn.create', challenge, place).toString('base64url'),
      // The CBOR of {"fmt": "none", "attStmt": {}, "authData": data}.
      attestationObject: Buffer.concat([
        Buffer.from([0xa3]),
        cborText('fmt'),
        cborText('none'),
        cborText('attStmt'),
        Buffer.from([0xa0]),
        cborText('authData'),
        Buffer.from([0x58, data.length]),
        data,
      ]).toString('base64url'),
      transports: ['internal'],
    });
  }

  /** Answers `navigator.credentials.get`: an `AuthenticationResponseJSON`. */
  get(challenge: string, place: Place): object {
    this.counter++;
    const client = clientData('webauthn.get', challenge, place);
    const data = this.data(place, 0);
    const signed = Buffer.concat([data, createHash('sha256').update(client).digest()]);
    return this.response({
      clientDataJSON: client.toString('base64url'),
      authenticatorData: data.toString('base64url'),
      signature: sign('sha256', signed, this.keys.privateKey).toString('base64url'),
    });
  }

  private response(response: object): object {
    const id = this.id.toString('base64url');
    return { id, rawId: id, type: 'public-key', clientExtensionResults: {}, response };
  }

  private data({ origin, verifies = true }: Place, flags: number, rest = Buffer.alloc(0)): Buffer {
    const party = createHash('sha256').update(new URL(origin).hostname).digest();
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(this.counter);
    const all = flags | USER_PRESENT | (verifies ? USER_VERIFIED : 0);
    return Buffer.concat([party, Buffer.from([all]), counter, rest]);
  }

  /** The CBOR of {1: 2, 3: -7, -1: 1, -2: x, -3: y} (RFC 9053, section 7.1.1). */
  private coseKey(): Buffer {
    const { x, y } = this.keys.publicKey.export({ format: 'jwk' });
    const [first, second] = [x, y].map((text) => Buffer.from(String(text), 'base64url'));
    const start = Buffer.from([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
    const between = Buffer.from([0x22, 0x58, 0x20]);
    return Buffer.concat([start, first as Buffer, between, second as Buffer]);
  }
}

function clientData(type: string, challenge: string, { origin }: Place): Buffer {
  return Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }));
}

/** A text of fewer than 24 bytes in CBOR. */
function cborText(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x60 + text.length]), Buffer.from(text)]);
}
