import { createHmac } from 'node:crypto';
import { sha256 } from '../crypto/digest.js';
import { LETTERS_AND_DIGITS, randomText, TYPEABLE } from '../crypto/random.js';
import type { Data } from '../data/data.js';
import type { PairingRecord } from '../data/ports/pairings.js';
import type { RateWindow } from '../data/ports/rates.js';
import type { Address } from './address.js';

/** How long a code can be used. */
const CODE_LIFE = 10 * 60_000;
/** 50 bits: its hash cannot be reversed within its life, should the data be read. */
const CODE_LENGTH = 10;
/**
 * Typed codes that are tried in all, right or wrong: guessing one of a hundred open codes this way
 * takes a hundred thousand years. A stranger who uses all of it up stops nobody who scans the link.
 */
const TRIES: readonly RateWindow[] = [{ requests: 120, seconds: 60 }];
/** How many characters the secret of a link has. */
const LINK_LENGTH = 43;

/** What is given to a user who is to pair a device. */
export interface PairingOffer {
  /** For typing in: ten letters and digits. */
  code: string;
  /** The link that does the same, with its secret in the fragment. */
  url: string;
  /** The address of the link's QR code, a PNG; with `.svg` at its end, an SVG. */
  qrcode: string;
  expiresAt: number;
}

/** Codes and links that pair a device with a user, once each. */
export class Pairings {
  private readonly data: Data;
  private readonly clock: () => number;
  private readonly address: Address;

  constructor(data: Data, clock: () => number, address: Address) {
    this.data = data;
    this.clock = clock;
    this.address = address;
  }

  /** Makes a code and a link; those that the user had before end. */
  async offer(userId: string): Promise<PairingOffer> {
    const code = randomText(CODE_LENGTH, TYPEABLE);
    const image = randomText(32, LETTERS_AND_DIGITS);
    const expiresAt = this.clock() + CODE_LIFE;
    await this.data.pairings.put({
      userId,
      codeHash: sha256(code),
      linkHash: sha256(linkSecret(image)),
      imageHash: sha256(image),
      expiresAt,
    });
    const qrcode = `${this.address.linkBase}/pairing/${image}.png`;
    return { code, url: this.link(image), qrcode, expiresAt };
  }

  /** Uses up what was typed, or the secret of a link. */
  async take(given: string): Promise<PairingRecord | 'unknown' | 'too many'> {
    const now = this.clock();
    const isLink = given.length === LINK_LENGTH;
    if (!isLink && (await this.data.rates.take('pairing', TRIES, now)) > 0) return 'too many';
    const pairing = isLink
      ? await this.data.pairings.take('linkHash', sha256(given), now)
      : await this.data.pairings.take('codeHash', sha256(normalize(given)), now);
    return pairing ?? 'unknown';
  }

  /** What the QR image of this name shows, for as long as its code works. */
  async imageContent(image: string): Promise<string | undefined> {
    const pairing = await this.data.pairings.byImage(sha256(image), this.clock());
    return pairing && this.link(image);
  }

  private link(image: string): string {
    // In the fragment, which no server or proxy gets to see.
    return `${this.address.linkBase}/authenticator#pair=${linkSecret(image)}`;
  }
}

/** Made from the image's name, so that neither has to be kept. */
function linkSecret(image: string): string {
  return createHmac('sha256', image).update('launchkey-pairing-link').digest('base64url');
}

function normalize(typed: string): string {
  return typed.toUpperCase().replace(/[\s-]/g, '');
}
