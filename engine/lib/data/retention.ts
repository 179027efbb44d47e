/** How long the token of a past request is remembered. */
export const REMEMBER_PAST_MS = 3_600_000;
