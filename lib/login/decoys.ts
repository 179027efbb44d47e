import { createCipheriv, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { LoginRecord } from '../store/store.js';

/** What a decoy must know about itself. */
export interface DecoyState {
  session: boolean;
  number?: number | undefined;
  /** Milliseconds since the epoch. */
  startedAt: number;
}

/** A handle has 32 bytes, as the hash that names a real login. */
const TAG_LENGTH = 16;
const STATE_LENGTH = 16;
const TIME_LENGTH = 6;
const NUMBER_LENGTH = 3;
const NO_NUMBER = 0xffffff;

/**
 * The handles of decoys: logins of users who cannot be asked, with `concealUsers`. The handle is all
 * that there is of a decoy. It holds its state, encrypted and authenticated, so strangers who type
 * names that do not exist fill no store, and every process that has the private key can read it. It
 * looks like the handle of a real login, which is a hash of the same length.
 */
export class Decoys {
  private readonly authKey: Buffer;
  private readonly cipherKey: Buffer;
  private readonly lifetimeMs: number;
  private readonly graceMs: number;

  /**
   * @param key - derives a secret for a purpose.
   * @param lifetimeMs - milliseconds until a login expires.
   * @param graceMs - milliseconds for which an expired login is still known.
   */
  constructor(key: (purpose: string) => Buffer, lifetimeMs: number, graceMs: number) {
    this.authKey = key('decoy authentication');
    this.cipherKey = key('decoy encryption');
    this.lifetimeMs = lifetimeMs;
    this.graceMs = graceMs;
  }

  /** Makes a decoy. It looks like a login that waits for its answer, until it expires. */
  make({ session, number = NO_NUMBER, startedAt }: DecoyState): LoginRecord {
    const state = randomBytes(STATE_LENGTH);
    state.writeUIntBE(startedAt, 0, TIME_LENGTH);
    state.writeUIntBE(number, TIME_LENGTH, NUMBER_LENGTH);
    state[TIME_LENGTH + NUMBER_LENGTH] = session ? 1 : 0;
    const tag = this.tagOf(state);
    const handle = Buffer.concat([tag, this.crypt(state, tag)]).toString('base64url');
    return this.read(handle, state);
  }

  /** Returns the decoy of a handle, or `null` for another handle and after its time. */
  open(handle: string): LoginRecord | null {
    // Any text takes the same steps, so that their duration tells a decoy from no other handle.
    const bytes = Buffer.alloc(TAG_LENGTH + STATE_LENGTH);
    Buffer.from(handle, 'base64url').copy(bytes);
    const tag = bytes.subarray(0, TAG_LENGTH);
    const state = this.crypt(bytes.subarray(TAG_LENGTH), tag);
    const isOwn = timingSafeEqual(this.tagOf(state), tag);
    const decoy = this.read(handle, state);
    return isOwn && decoy.expiresAt + this.graceMs > Date.now() ? decoy : null;
  }

  private read(handle: string, state: Buffer): LoginRecord {
    const startedAt = state.readUIntBE(0, TIME_LENGTH);
    const number = state.readUIntBE(TIME_LENGTH, NUMBER_LENGTH);
    return {
      handle,
      authRequest: '',
      username: '',
      session: state[TIME_LENGTH + NUMBER_LENGTH] === 1,
      ...(number !== NO_NUMBER && { number }),
      decoy: true,
      startedAt,
      expiresAt: startedAt + this.lifetimeMs,
      state: 'pending',
    };
  }

  /** The tag is computed over the state and is the cipher's initial counter, as in SIV modes. */
  private tagOf(state: Buffer): Buffer {
    return createHmac('sha256', this.authKey).update(state).digest().subarray(0, TAG_LENGTH);
  }

  private crypt(text: Buffer, tag: Buffer): Buffer {
    return createCipheriv('aes-256-ctr', this.cipherKey, tag).update(text);
  }
}
