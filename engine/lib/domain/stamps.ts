import { FirstSeen } from './first-seen.js';
import type { Refusal } from './refusals.js';

/** How old a stamp may be. */
export const MAX_STAMP_AGE_MS = 5 * 60_000;
/**
 * An envelope that is stamped further ahead than this counts from when it was first seen: its stamp
 * does not bound it. Objects of the SDKs for Python, Ruby and C run ahead without a bound.
 */
export const FAR_AHEAD_MS = 5 * 60_000;
/** How long an envelope counts from when it was first seen. */
export const FAR_AHEAD_LIFE_MS = 5 * 60_000;
/** How far ahead a stamp may be for an application with strict stamps. */
export const MAX_STRICT_AHEAD_MS = 2 * 60_000;

/** A stamp is cut to seconds: the whole of its second counts for it. */
const SECOND = 1000;
const STALE: Refusal<'stale_stamp'> = { refused: 'stale_stamp' };

/** What is looked at of an envelope to say whether it is fresh. */
export interface Stamped {
  /** When the envelope was made, as its maker says, in milliseconds since 1970. */
  stamped: number;
  /** Names the envelope, however its base64 is written. */
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
    if (-ahead >= MAX_STAMP_AGE_MS + SECOND) return STALE;
    if (strict && ahead > MAX_STRICT_AHEAD_MS) return STALE;
    // Also one whose stamp is near by now: a captured envelope must not come to life on its day.
    const age = this.firstSeen.age(name);
    return age !== undefined && age >= FAR_AHEAD_LIFE_MS ? STALE : undefined;
  }

  /** Remembers an envelope that was found good, where its stamp does not bound it. */
  note({ stamped, name }: Stamped): void {
    if (stamped - this.clock() > FAR_AHEAD_MS) this.firstSeen.note(name);
  }

  /** To be called often, so that a clock that is put back makes no envelope younger. */
  count(): void {
    this.firstSeen.count();
  }
}
