import type { Rate, RateWindow, UnapprovedLimits } from '../data/ports/rates.js';
import type { BrowserRecord } from '../data/ports/requests.js';

const MINUTE_MS = 60_000;

/** Strangers can neither ring a phone without end nor keep its user out for longer than the last wait. */
const UNAPPROVED: UnapprovedLimits = {
  free: 5,
  waitsMs: [1, 2, 4, 8, 16, 32, 60].map((minutes) => minutes * MINUTE_MS),
  perDay: 100,
};

/**
 * The key of the rate that a request counts for. A known browser has windows of its own, which strangers
 * cannot use up. All other requests to a user share one budget, over all applications.
 */
export function rateKey(
  appKey: string,
  userId: string,
  browser: BrowserRecord | undefined,
): string {
  return isKnown(browser) ? `${appKey} ${userId} ${browser?.id}` : sharedKey(userId);
}

export function rateOf(key: string, userId: string, windows: readonly RateWindow[]): Rate {
  return { key, windows, ...(isShared(key, userId) && { unapproved: UNAPPROVED }) };
}

/** Whether a request of this key is one of an unknown browser. */
export function isShared(key: string | undefined, userId: string): boolean {
  return key === undefined || key === sharedKey(userId);
}

export function isKnown(browser: BrowserRecord | undefined): boolean {
  return browser?.known === true && browser.id !== undefined;
}

function sharedKey(userId: string): string {
  return `unknown ${userId}`;
}
