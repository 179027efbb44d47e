/**
 * The texts of the waiting page. They are plain text, not HTML. `{username}`, `{time}` and
 * `{seconds}` are replaced by values, in the texts whose defaults contain them.
 */
export interface WaitingTexts {
  /** The page's language, such as `'en'`. */
  lang: string;
  /** The direction in which the language is written. */
  dir: 'ltr' | 'rtl';
  /** The heading while the user has not answered. */
  pendingTitle: string;
  /** What to do while the user has not answered. Contains `{username}`. */
  pendingText: string;
  /** Above the number, with number matching. */
  number: string;
  /** Contains `{time}`, in minutes and seconds. */
  timeLeft: string;
  /** Read by screen readers one minute before the end. */
  lastMinute: string;
  /** Shown without JavaScript. Contains `{seconds}`. */
  reloads: string;
  /** The button that cancels the login. */
  cancel: string;
  /** While the engine, or the application itself, cannot be reached. */
  away: string;
  /** Read by screen readers when the engine can be reached again. */
  back: string;
  /** The heading after an approval. */
  answeredTitle: string;
  /** What to do after an approval. */
  answeredText: string;
  /** The button and the link that continue. */
  continue: string;
  /** The heading after a denial. */
  deniedTitle: string;
  /** The explanation of a denial. */
  deniedText: string;
  /** The heading after the time is up. */
  expiredTitle: string;
  /** The explanation after the time is up. */
  expiredText: string;
  /** The link to the login page after a denial, an expiry or a used login. */
  tryAgain: string;
  /** The heading of a login that this browser has finished. */
  finishedTitle: string;
  /** The explanation of a login that this browser has finished. */
  finishedText: string;
  /** The heading of a login that was used without logging this browser in. */
  overTitle: string;
  /** The explanation of a login that was used without logging this browser in. */
  overText: string;
  /** The heading for an unknown login. */
  unknownTitle: string;
  /** The explanation of an unknown login. */
  unknownText: string;
  /** The link to the login page for an unknown login. */
  logIn: string;
}

/** The default texts. */
export const ENGLISH: WaitingTexts = {
  lang: 'en',
  dir: 'ltr',
  pendingTitle: 'Check your phone',
  pendingText: 'Approve the request on your phone to log in as {username}.',
  number: 'Pick this number on your phone',
  timeLeft: 'Time left: {time}',
  lastMinute: 'One minute left.',
  reloads: 'This page reloads every {seconds} seconds until you answer on your phone.',
  cancel: 'Cancel',
  away: 'The login service cannot be reached at the moment. This page keeps trying.',
  back: 'The login service can be reached again.',
  answeredTitle: 'Approved',
  answeredText: 'You approved the request. Continue to finish logging in.',
  continue: 'Continue',
  deniedTitle: 'Not approved',
  deniedText: 'The request was denied, so you are not logged in.',
  expiredTitle: 'Time is up',
  expiredText: 'The request was not answered in time. You can send a new one.',
  tryAgain: 'Try again',
  finishedTitle: 'You are logged in',
  finishedText: 'This login is complete.',
  overTitle: 'This login has ended',
  overText: 'It cannot be used again. You can start a new one.',
  unknownTitle: 'No login in progress',
  unknownText: 'This browser has not started a login on this page, or the login has ended.',
  logIn: 'Go to the login page',
};
