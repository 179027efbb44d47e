/**
 * The texts of the pairing page. They are plain text, not HTML. `{name}`, `{time}` and `{address}`
 * are replaced by values, in the texts whose defaults contain them.
 */
export interface PairingTexts {
  /** The page's language, such as `'en'`. */
  lang: string;
  /** The direction in which the language is written. */
  dir: 'ltr' | 'rtl';
  /** The heading while a pairing code is shown. */
  pairTitle: string;
  /** What pairing is for. */
  pairText: string;
  /** Above the QR code. */
  scan: string;
  /** The text alternative of the QR code. */
  qrAlt: string;
  /** The link that pairs the phone on which the page is open. */
  thisPhone: string;
  /** Before the code to type. Contains `{address}`, the address of the phone's web app. */
  typeCode: string;
  /** Contains `{time}`, in minutes and seconds. */
  timeLeft: string;
  /** What to do on an iPhone or iPad. Contains `{address}`. */
  iphone: string;
  /** The heading of {@link PairingTexts.iphone} on other devices. */
  iphoneTitle: string;
  /** Shown without JavaScript: how to continue after pairing. */
  reload: string;
  /** The button that checks whether the phone is paired. */
  check: string;
  /** The heading after a phone was paired. */
  pairedTitle: string;
  /** What follows after a phone was paired. */
  pairedText: string;
  /** The link that continues. */
  continue: string;
  /** The heading after the code has expired. */
  expiredTitle: string;
  /** What to do after the code has expired. */
  expiredText: string;
  /** The button that makes a new code. */
  newCode: string;
  /** The heading of the list of phones. */
  phonesTitle: string;
  /** When a phone was paired. Contains `{time}`, a date. */
  pairedAt: string;
  /** The button that pairs another phone. */
  another: string;
  /** Opens the form that renames a phone. */
  rename: string;
  /** The label of the field for a phone's new name. */
  newName: string;
  /** The button that saves the new name. */
  save: string;
  /** Opens the question whether to unpair a phone. */
  unpair: string;
  /** The question whether to unpair a phone. Contains `{name}`. */
  unpairText: string;
  /** The question whether to unpair the only phone. Contains `{name}`. */
  unpairLastText: string;
  /** The button that unpairs a phone. Contains `{name}`. */
  unpairNow: string;
  /** Above the page after a change that the engine refused. */
  refused: string;
  /** While the engine, or the application itself, cannot be reached. */
  away: string;
}

/** The default texts. */
export const ENGLISH: PairingTexts = {
  lang: 'en',
  dir: 'ltr',
  pairTitle: 'Pair your phone',
  pairText: 'After that, you approve your logins with one tap on this phone.',
  scan: 'Scan this with the camera of your phone:',
  qrAlt: 'QR code that pairs your phone',
  thisPhone: 'I am on this phone',
  typeCode: 'Or open {address} on your phone and type this code:',
  timeLeft: 'The code works once. Time left: {time}',
  iphoneTitle: 'On an iPhone or iPad',
  iphone:
    'Open {address} in Safari, tap Share and then "Add to Home Screen". Open it from the Home Screen and type the code there. Only then can it notify you of logins.',
  reload: 'When the phone is paired, continue here:',
  check: 'Continue',
  pairedTitle: 'Your phone is paired',
  pairedText: 'You can approve logins on it now.',
  continue: 'Continue',
  expiredTitle: 'The code has expired',
  expiredText: 'Make a new one when you have your phone at hand.',
  newCode: 'New code',
  phonesTitle: 'Your phones',
  pairedAt: 'Paired on {time}',
  another: 'Pair another phone',
  rename: 'Rename',
  newName: 'New name',
  save: 'Save',
  unpair: 'Unpair',
  unpairText: '{name} will not be able to approve logins any more.',
  unpairLastText:
    '{name} is your only phone. Without it you cannot log in by phone until you pair another one.',
  unpairNow: 'Unpair {name}',
  refused: 'The change was refused. The phone may be unpaired already, or the name cannot be used.',
  away: 'The login service cannot be reached at the moment. This page keeps trying.',
};
