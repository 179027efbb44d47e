/** How long the token of a past request is remembered. */
export const REMEMBER_PAST_MS = 3_600_000;
/** How long the browser of a request is remembered, while its session lives. */
export const REMEMBER_BROWSER_MS = 30 * 24 * 3_600_000;
/** How long a device can let a login of an unknown browser through. */
export const EXPECT_LOGIN_MS = 300_000;
/** How long a withdrawn request can be reported as fraud. */
export const REPORT_WITHDRAWN_MS = 300_000;
