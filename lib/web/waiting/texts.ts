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
  /** Above a number to pick on the phone. */
  number: string;
  /** Above a number to type on the phone. */
  numberToType: string;
  /** What to do if the phone shows no request. */
  help: string;
  /** The button that sends the request again. */
  sendAgain: string;
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
  /** The heading after a wrong number was entered on the phone. */
  wrongNumberTitle: string;
  /** The explanation of a wrong number. */
  wrongNumberText: string;
  /** The heading after the request was reported as fraud on the phone. */
  reportedTitle: string;
  /** The explanation of a report of fraud, after which requests may be paused. */
  reportedText: string;
  /** The heading after the login was cancelled in the browser. */
  cancelledTitle: string;
  /** The explanation of a cancelled login. */
  cancelledText: string;
  /** The heading after too many requests. */
  limitedTitle: string;
  /** The explanation of too many requests. Contains `{time}`, in minutes and seconds. */
  limitedText: string;
  /** The heading after the time is up. */
  expiredTitle: string;
  /** The explanation after the time is up. */
  expiredText: string;
  /** The button that starts the login again, with the same name; or the link to the login page. */
  tryAgain: string;
  /** The link to the login page below the button {@link WaitingTexts.tryAgain}. */
  backToLogin: string;
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
  numberToType: 'Type this number on your phone',
  help: 'No request on your phone? Check that it is online, and open the authenticator on it.',
  sendAgain: 'Send again',
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
  wrongNumberTitle: 'Wrong number',
  wrongNumberText: 'Another number was entered on the phone, so you are not logged in.',
  reportedTitle: 'Reported on the phone',
  reportedText: 'The request was reported as unexpected. New requests may be paused for a while.',
  cancelledTitle: 'Cancelled',
  cancelledText: 'The login was cancelled in the browser, and the phone no longer asks for it.',
  limitedTitle: 'Too many requests',
  limitedText: 'Too many requests were sent to the phone. Try again in {time}.',
  expiredTitle: 'Time is up',
  expiredText: 'The request was not answered in time. You can send a new one.',
  tryAgain: 'Try again',
  backToLogin: 'Back to the login page',
  finishedTitle: 'You are logged in',
  finishedText: 'This login is complete.',
  overTitle: 'This login has ended',
  overText: 'It cannot be used again. You can start a new one.',
  unknownTitle: 'No login in progress',
  unknownText: 'This browser has not started a login on this page, or the login has ended.',
  logIn: 'Go to the login page',
};
