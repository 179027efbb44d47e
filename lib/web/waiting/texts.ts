/**
 * Every text of the waiting page. Texts are plain text, not HTML; `{username}`, `{time}` and
 * `{seconds}` stand for values where the default has them.
 */
export interface WaitingTexts {
  /** The page's language, such as `'en'`. */
  lang: string;
  /** In which direction the language is written. */
  dir: 'ltr' | 'rtl';
  pendingTitle: string;
  /** With `{username}`. */
  pendingText: string;
  /** Above the number to pick. */
  number: string;
  /** With `{time}`, minutes and seconds. */
  timeLeft: string;
  /** Read out by screen readers when a minute is left. */
  lastMinute: string;
  /** Without JavaScript; with `{seconds}`. */
  reloads: string;
  cancel: string;
  /** While the engine, or the application itself, is out of reach. */
  away: string;
  /** Read out by screen readers when it is within reach again. */
  back: string;
  answeredTitle: string;
  answeredText: string;
  continue: string;
  deniedTitle: string;
  deniedText: string;
  expiredTitle: string;
  expiredText: string;
  tryAgain: string;
  finishedTitle: string;
  finishedText: string;
  /** For a login that was used without logging this browser in. */
  overTitle: string;
  overText: string;
  unknownTitle: string;
  unknownText: string;
  /** The link where there is nothing to wait for. */
  logIn: string;
}

export const ENGLISH: WaitingTexts = {
  lang: 'en',
  dir: 'ltr',
  pendingTitle: 'Check your phone',
  pendingText: 'Approve the request on your phone to log in as {username}.',
  number: 'Pick this number on your phone',
  timeLeft: 'Time left: {time}',
  lastMinute: 'One minute left.',
  reloads: 'This page reloads every {seconds} seconds until you have answered.',
  cancel: 'Cancel',
  away: 'The login service is out of reach at the moment. This page keeps trying.',
  back: 'The login service is within reach again.',
  answeredTitle: 'Approved',
  answeredText: 'You approved the request. Continue to finish logging in.',
  continue: 'Continue',
  deniedTitle: 'Not approved',
  deniedText: 'The request was denied, and nobody was logged in.',
  expiredTitle: 'Time is up',
  expiredText: 'The request was not answered in time. You can send a new one.',
  tryAgain: 'Try again',
  finishedTitle: 'You are logged in',
  finishedText: 'This login is complete.',
  overTitle: 'This login is over',
  overText: 'It cannot be used again. You can start a new one.',
  unknownTitle: 'Nothing to wait for',
  unknownText: 'No login is under way on this page in this browser.',
  logIn: 'Go to the login page',
};
