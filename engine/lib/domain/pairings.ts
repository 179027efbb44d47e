import { createHmac } from 'node:crypto';
import { sha256 } from '../crypto/digest.js';
import { LETTERS_AND_DIGITS, randomText, TYPEABLE } from '../crypto/random.js';
import type { Data } from '../data/data.js';
import type { RateWindow } from '../data/ports/rates.js';
import type { Address } from './address.js';
import type { Refusal } from './refusals.js';

/** How long a code and its link can be used. */
const CODE_LIFE_MS = 10 * 60_000;
/** 50 bits: a reader of the data cannot reverse the hash of a code before it expires. */
const CODE_LENGTH = 10;
/**
 * Typed codes of all addresses together, valid or not. Guessing one of a hundred open codes takes a
 * hundred thousand years at this rate. Links are not counted, so a stranger who uses up the limit
 * cannot keep users from pairing.
 */
const MAX_TYPED_CODES: readonly RateWindow[] = [{ requests: 120, seconds: 60 }];
/** Characters of a link's secret. */
const LINK_LENGTH = 43;

/** A code, its link and its QR code, for the user who pairs a device. */
export interface PairingOffer {
  /** Code for typing: ten letters and digits. */
  code: string;
  /** Link that pairs without typing. Its secret is in the fragment. */
  url: string;
  /** URL of the link's QR code as PNG. With `.svg` instead of `.png` it is an SVG. */
  qrcode: string;
  expiresAt: number;
}

/** Codes and links that pair a device with a user. Each works once. */
export class Pairings {
  private readonly data: Data;
  private readonly clock: () => number;
  private readonly address: Address;

  constructor(data: Data, clock: () => number, address: Address) {
    this.data = data;
    this.clock = clock;
    this.address = address;
  }

  /** Makes a code and a link, which replace the user's earlier ones. */
  async offer(userId: string): Promise<PairingOffer> {
    const code = randomText(CODE_LENGTH, TYPEABLE);
    const image = randomText(32, LETTERS_AND_DIGITS);
    const expiresAt = this.clock() + CODE_LIFE_MS;
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

  /** Uses up a typed code or the secret of a link, and returns the user's id. */
  async take(
    given: string,
  ): Promise<{ userId: string } | Refusal<'unknown_code' | 'too_many_codes'>> {
    const now = this.clock();
    const isLink = isLinkSecret(given);
    if (!isLink) {
      const retryAfterMs = await this.data.rates.take('pairing', MAX_TYPED_CODES, now);
      if (retryAfterMs > 0) return { refused: 'too_many_codes', from: 'anywhere', retryAfterMs };
    }
    const pairing = isLink
      ? await this.data.pairings.take('linkHash', sha256(given), now)
      : await this.data.pairings.take('codeHash', sha256(normalize(given)), now);
    return pairing ?? { refused: 'unknown_code' };
  }

  /** Returns the link that a QR image shows, or `undefined` once its code is used or expired. */
  async imageContent(image: string): Promise<string | undefined> {
    const pairing = await this.data.pairings.byImage(sha256(image), this.clock());
    return pairing && this.link(image);
  }

  private link(image: string): string {
    // The secret is in the fragment, which browsers send to no server or proxy.
    return `${this.address.linkBase}/authenticator#pair=${linkSecret(image)}`;
  }
}

/** Whether a text can be the secret of a link, which is too long to guess, and no typed code. */
export function isLinkSecret(given: string): boolean {
  return given.length === LINK_LENGTH;
}

/** Derived from the image's name, so the engine stores neither. */
function linkSecret(image: string): string {
  return createHmac('sha256', image).update('launchkey-pairing-link').digest('base64url');
}

function normalize(typed: string): string {
  return typed.toUpperCase().replace(/[\s-]/g, '');
}
