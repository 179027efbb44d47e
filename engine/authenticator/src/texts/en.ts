/** Everything that the page says in English. Another language is a file like this one. */
export const en = {
  aboutPage: 'About this page',
  needsScript: 'This page needs JavaScript to show and answer requests.',
  lost: 'The connection to the engine is lost. Trying again…',
  unreachable: 'The engine cannot be reached. Is there a connection?',
  fillIn: 'Please fill this in.',
  cancel: 'Cancel',
  close: 'Close',

  // Pairing
  pairTitle: 'Pair this phone',
  pairText: 'Type the code that you were given. From then on you approve your logins here.',
  pairByLink:
    'You have opened a pairing link. Give this phone a name, and it will approve your logins.',
  pairAgain: (username: string) =>
    `This phone is paired with ${username} already. Pairing it again replaces that.`,
  pairCode: 'Pairing code',
  pairCodeHint: 'Ten letters and digits. It works once, for ten minutes.',
  deviceName: 'Name of this phone',
  pair: 'Pair',
  pairing: 'Pairing…',
  pairSafe: 'A key is made on this phone and never leaves it.',
  unpairedHere: 'This phone is not paired any more. Ask for a new code to pair it again.',
  insecure:
    'This page can keep keys only when it is opened over https. Ask its operator for the right address.',
  noStorage: 'This browser keeps nothing, as in a private window. Open the page in a normal one.',
  demoLink: 'Use a virtual phone on this computer',
  namePhone: 'phone',
  nameBrowser: (browser: string, system: string) => `${browser} on ${system}`,

  // The virtual device
  virtualTitle: 'Virtual device.',
  virtualText:
    'This page answers for a phone that lives in the engine: on this computer only. It is meant for tests and demos.',
  whoTitle: 'Who are you?',
  whoText: 'Enter the name that you log in with.',
  userName: 'User name',
  continue: 'Continue',
  haveCode: 'I was given a code',
  switchUser: 'Switch user',

  // Requests
  requests: 'Requests',
  idleTitle: 'Nothing to approve',
  idleText: 'Requests appear here by themselves. Leave this page open while you log in.',
  lostTitle: 'Not connected',
  lostText:
    'Requests cannot be shown or answered until there is a connection. This page goes on by itself then.',
  kindLogin: 'wants to log you in',
  kindConfirm: 'asks you to confirm',
  knownBrowser: (app: string) => `${app} knows this browser.`,
  newBrowser: (app: string) => `This browser is new to ${app}.`,
  timeLeft: (time: string) => `${time} left`,
  whichNumber: 'Which number do you see where you log in?',
  approve: 'Approve',
  deny: 'Deny',
  report: 'I did not ask for this',
  queue: (count: number) =>
    count === 1 ? '1 more request is waiting.' : `${count} more requests are waiting.`,
  approvedTitle: 'Approved',
  deniedTitle: 'Denied',
  reportedTitle: 'Denied and reported',
  told: (app: string) => `${app} has been told.`,
  wrongNumber: (app: string) => `That was not the number which ${app} shows. Log in again.`,
  tooMuch: (app: string) => `${app} asks for more than this device can prove.`,
  reported: (app: string) => `${app} has been told that it was not you.`,
  goneTitle: 'No longer open',
  withdrawnTitle: 'Cancelled in the browser',
  withdrawn: (app: string) => `${app} has taken its request back.`,
  withdrawnItem: (app: string) => `${app}: cancelled in the browser.`,
  reportWithdrawn: (app: string) => `I did not ask for this: ${app}`,
  withdrawnReported: 'Reported.',
  gone: (app: string) => `The request of ${app} has expired or was answered elsewhere.`,
  onlyDeny: (app: string) =>
    `${app} asks for more than this device can prove. You can only deny this request.`,
  numberSpent:
    'A wrong number was picked for this request. It can only be denied; log in again after that.',
  expect: 'I am logging in now',
  expectText: 'Does your login not appear here? Press this, then log in again.',
  expectedUntil: (time: string) =>
    `Log in now. The next login from a new browser reaches this phone until ${time}.`,
  pausedUntil: (time: string) =>
    `You reported a request that was not yours. New requests are blocked until ${time}.`,
  resume: 'Allow requests now',

  // Sessions
  sessionsTitle: 'Where you are logged in',
  endAll: 'End all',
  noSessions: 'No open sessions.',
  endSession: 'End session',
  endSessionAt: (app: string) => `End session at ${app}`,
  since: (time: string) => `since ${time}`,
  loginsSince: (count: number, time: string) => `${count} logins, the first since ${time}`,
  ending: 'Pending clear',
  endingTitle: 'The application has been told and has not confirmed it yet.',
  sessionEnding: (app: string) => `The session at ${app} is being ended.`,
  allEnding: 'All sessions are being ended.',

  // Devices
  devicesTitle: 'Your devices',
  thisDevice: 'This one',
  lastSeen: (time: string) => `Last seen ${time}`,
  rename: 'Rename',
  renameDevice: (name: string) => `Rename ${name}`,
  renameTitle: 'Rename device',
  name: 'Name',
  save: 'Save',
  unpair: 'Unpair',
  unpairDevice: (name: string) => `Unpair ${name}`,
  unpairTitle: (name: string) => `Unpair ${name}?`,
  unpairText: 'It cannot answer requests any more. What it holds open ends at once.',
  unpairOwnText:
    'This phone will forget its keys and cannot answer requests any more. You need a new code to pair it again.',
  unpairLastText:
    'It is your last device: without one you cannot log in until you are given a new code.',
  addDevice: 'Pair another device',
  codeTitle: 'Pair another device',
  codeText: 'Scan this with the other phone, or open the authenticator there and type the code.',
  qrAlt: 'QR code of the pairing link',
  codeUntil: (time: string) => `Works once, until ${time}.`,

  // This phone: notifications, and what a policy of an application can ask for
  securityTitle: 'This phone',
  notifications: 'Notifications',
  notificationsOff: 'Off. Requests appear while this page is open.',
  notificationsOn: 'On. This phone tells you of requests.',
  turnOn: 'Turn on',
  turnOff: 'Turn off',
  notificationsRefused: 'This phone does not allow notifications of this page. See its settings.',
  notificationTitle: 'A request waits for you',
  notificationText: 'Open to see who asks.',
  pin: 'PIN',
  pinUnset: 'Not set. Some applications ask for one.',
  pinSet: 'Set on this phone',
  pinLost: 'Locked after too many tries. Pair this phone again.',
  setPin: 'Set PIN',
  changePin: 'Change',
  choosePin: 'Choose a PIN',
  choosePinText: 'At least six digits. After five wrong PINs this phone must be paired again.',
  newPin: 'New PIN',
  askPin: 'Enter your PIN',
  askPinFor: (app: string) => `${app} asks for your PIN.`,
  oldPinText: 'The one that you have now.',
  pinTooShort: 'A PIN is six to twelve digits.',
  pinWrong: (left: number) =>
    left === 1 ? 'Wrong PIN. One more try.' : `Wrong PIN. ${left} more tries.`,
  biometric: 'Fingerprint, face or key',
  biometricUnset: 'Not set up. Some applications ask for it.',
  biometricSet: 'Set up on this phone',
  setUp: 'Set up',
  biometricFailed: 'It was not confirmed. Try again.',
  pinFirst: (app: string) => `${app} asks for a PIN. Set one below, then approve.`,
  biometricFirst: (app: string) =>
    `${app} asks for your fingerprint, face or security key. Set it up below, then approve.`,
  locationRefused: (app: string) =>
    `${app} takes approvals in certain places only. Allow this page to see your location.`,
  locationUnknown: 'This phone cannot tell where it is. Try again in the open.',
  locationInexact: (metres: number) =>
    `This phone knows where it is to ${metres} m only. Try again in the open.`,
  outside: (app: string, distance: string) =>
    `You are ${distance} away from where ${app} takes approvals.`,

  // What the engine refuses, by its code
  errors: {
    invalid: 'The engine cannot use this. Check what you have entered.',
    unpaired: 'This phone is not paired any more.',
    signature: 'The engine does not accept the signature of this phone. Reload the page.',
    clock: 'The clock of this phone is off. Set it and try again.',
    replay: 'The engine has seen this before. Try again.',
    unknown_code: 'This code is mistyped, used already, or over. Ask for a new one.',
    unknown_request: 'The request is not open any more.',
    unknown_device: 'This device is not paired any more.',
    answered: 'The request was answered elsewhere already.',
    wrong_number: 'That was another number.',
    denial_only: 'A wrong number was picked: the request can only be denied.',
    full: 'You have as many devices as you can have. Unpair one first.',
    enrolled: 'This is set up already.',
    key_changed: 'The application has a new key. Try again.',
    expired: 'The request has expired: log in again.',
    withdrawn: 'The request was cancelled in the browser.',
    policy: 'The application asks for more than was proven.',
    too_many: 'Too many tries. Wait a minute and try again.',
    unavailable: 'The engine cannot do this now. Try again.',
  },
};

export type Texts = typeof en;
