import { FirstSeen } from './first-seen.js';
import type { Refusal } from './refusals.js';

/** Maximum age of a stamp. */
export const MAX_STAMP_AGE_MS = 5 * 60_000;
/**
 * A stamp that is further ahead does not limit the life of its envelope, which then counts from when it
 * was first seen. Objects of the SDKs for Python, Ruby and C run ahead without a bound.
 */
export const FAR_AHEAD_MS = 5 * 60_000;
/** Life of an envelope that counts from when it was first seen. */
export const FAR_AHEAD_LIFE_MS = 5 * 60_000;
/** Maximum time by which a stamp may be ahead, for an application with strict stamps. */
export const MAX_STRICT_AHEAD_MS = 2 * 60_000;

/** A stamp has whole seconds, so it counts until its second ends. */
const STAMP_PRECISION_MS = 1000;
const STALE: Refusal<'stale_stamp'> = { refused: 'stale_stamp' };

/** The members of an envelope that decide whether it is fresh. */
export interface Stamped {
  /** The time in the envelope, in milliseconds since 1970. */
  stamped: number;
  /** Names the envelope, in every notation of its base64. */
  name: string;
}

/** Decides which envelopes are fresh. */
export class Stamps {
  private readonly firstSeen: FirstSeen;
  private readonly clock: () => number;

  constructor(clock: () => number, firstSeen = new FirstSeen(clock)) {
    this.clock = clock;
    this.firstSeen = firstSeen;
  }

  /** Refuses an envelope that is not fresh. */
  refuse(
    { stamped, name }: Stamped,
    { strict }: { strict: boolean },
  ): Refusal<'stale_stamp'> | undefined {
    const ahead = stamped - this.clock();
    if (-ahead >= MAX_STAMP_AGE_MS + STAMP_PRECISION_MS) return STALE;
    if (strict && ahead > MAX_STRICT_AHEAD_MS) return STALE;
    // This also applies once the stamp is near: a captured envelope must not become valid again.
    const age = this.firstSeen.age(name);
    return age !== undefined && age >= FAR_AHEAD_LIFE_MS ? STALE : undefined;
  }

  /** Remembers an accepted envelope whose stamp does not limit its life. */
  note({ stamped, name }: Stamped): void {
    if (stamped - this.clock() > FAR_AHEAD_MS) this.firstSeen.note(name);
  }

  /** Call it often, so that a clock that is put back makes no envelope younger. */
  count(): void {
    this.firstSeen.count();
  }
}
