import type { Texts } from './en.js';

export const de: Texts = {
  aboutPage: 'Über diese Seite',
  needsScript: 'Diese Seite braucht JavaScript, um Anfragen zu zeigen und zu beantworten.',
  lost: 'Die Verbindung zum Server ist unterbrochen. Neuer Versuch …',
  unreachable: 'Der Server ist nicht erreichbar. Besteht eine Verbindung?',
  fillIn: 'Bitte ausfüllen.',
  cancel: 'Abbrechen',
  close: 'Schließen',

  pairTitle: 'Dieses Telefon koppeln',
  pairText:
    'Geben Sie den Code ein, den Sie erhalten haben. Danach bestätigen Sie Anmeldungen hier.',
  pairByLink:
    'Sie haben einen Kopplungslink geöffnet. Geben Sie diesem Telefon einen Namen, dann bestätigt es Ihre Anmeldungen.',
  pairAgain: (username) =>
    `Dieses Telefon ist bereits mit ${username} gekoppelt. Neues Koppeln ersetzt das.`,
  pairCode: 'Kopplungscode',
  pairCodeHint: 'Zehn Buchstaben und Ziffern. Er gilt einmal, zehn Minuten lang.',
  deviceName: 'Name dieses Telefons',
  pair: 'Koppeln',
  pairing: 'Wird gekoppelt …',
  pairSafe: 'Der Schlüssel entsteht auf diesem Telefon und verlässt es nie.',
  unpairedHere:
    'Dieses Telefon ist nicht mehr gekoppelt. Lassen Sie sich einen neuen Code geben, um es wieder zu koppeln.',
  insecure:
    'Diese Seite kann Schlüssel nur aufbewahren, wenn sie über https geöffnet wird. Fragen Sie den Betreiber nach der richtigen Adresse.',
  noStorage:
    'Dieser Browser bewahrt nichts auf, wie in einem privaten Fenster. Öffnen Sie die Seite in einem normalen.',
  demoLink: 'Ein virtuelles Telefon auf diesem Rechner verwenden',
  namePhone: 'Telefon',
  nameBrowser: (browser, system) => `${browser} auf ${system}`,

  virtualTitle: 'Virtuelles Gerät.',
  virtualText:
    'Diese Seite antwortet für ein Telefon, das im Server steckt: nur auf diesem Rechner. Es ist für Tests und Vorführungen gedacht.',
  whoTitle: 'Wer sind Sie?',
  whoText: 'Geben Sie den Namen ein, mit dem Sie sich anmelden.',
  userName: 'Benutzername',
  continue: 'Weiter',
  haveCode: 'Ich habe einen Code erhalten',
  switchUser: 'Wechseln',

  requests: 'Anfragen',
  idleTitle: 'Nichts zu bestätigen',
  idleText: 'Anfragen erscheinen hier von selbst. Lassen Sie diese Seite beim Anmelden offen.',
  lostTitle: 'Nicht verbunden',
  lostText:
    'Ohne Verbindung können Anfragen weder gezeigt noch beantwortet werden. Danach geht es hier von selbst weiter.',
  kindLogin: 'möchte Sie anmelden',
  kindConfirm: 'bittet um Ihre Bestätigung',
  knownBrowser: (app) => `${app} kennt diesen Browser.`,
  newBrowser: (app) => `Dieser Browser ist für ${app} neu.`,
  askedAt: (time) => `Angefragt um ${time}.`,
  timeLeft: (time) => `noch ${time}`,
  whichNumber: 'Welche Zahl sehen Sie dort, wo Sie sich anmelden?',
  typeNumber: 'Geben Sie die Zahl ein, die Sie dort sehen, wo Sie sich anmelden',
  numberDigits: (count) => `${count} Ziffern. Dieses Telefon kennt sie nicht.`,
  approve: 'Bestätigen',
  deny: 'Ablehnen',
  report: 'Das war nicht ich',
  queue: (count) =>
    count === 1 ? '1 weitere Anfrage wartet.' : `${count} weitere Anfragen warten.`,
  approvedTitle: 'Bestätigt',
  deniedTitle: 'Abgelehnt',
  reportedTitle: 'Abgelehnt und gemeldet',
  told: (app) => `${app} weiß Bescheid.`,
  wrongNumber: (app) => `Das war nicht die Zahl, die ${app} zeigt. Melden Sie sich noch einmal an.`,
  tooMuch: (app) => `${app} verlangt mehr, als dieses Gerät nachweisen kann.`,
  reported: (app) => `${app} weiß, dass Sie es nicht waren.`,
  goneTitle: 'Nicht mehr offen',
  withdrawnTitle: 'Im Browser abgebrochen',
  withdrawn: (app) => `${app} hat die Anfrage zurückgezogen.`,
  withdrawnItem: (app) => `${app}: im Browser abgebrochen.`,
  reportWithdrawn: (app) => `Das war nicht ich: ${app}`,
  withdrawnReported: 'Gemeldet.',
  gone: (app) => `Die Anfrage von ${app} ist abgelaufen oder wurde anderswo beantwortet.`,
  onlyDeny: (app) =>
    `${app} verlangt mehr, als dieses Gerät nachweisen kann. Sie können die Anfrage nur ablehnen.`,
  numberSpent:
    'Für diese Anfrage wurde eine falsche Zahl angegeben. Sie kann nur noch abgelehnt werden; melden Sie sich danach noch einmal an.',
  expect: 'Ich melde mich gerade an',
  expectText:
    'Erscheint Ihre Anmeldung hier nicht? Drücken Sie das, und melden Sie sich noch einmal an.',
  expectedUntil: (time) =>
    `Melden Sie sich jetzt an. Die nächste Anmeldung aus einem neuen Browser erreicht dieses Telefon bis ${time}.`,
  pausedUntil: (time) =>
    `Sie haben eine Anfrage gemeldet, die nicht von Ihnen kam. Bis ${time} sind neue Anfragen gesperrt.`,
  resume: 'Anfragen wieder zulassen',

  sessionsTitle: 'Wo Sie angemeldet sind',
  endAll: 'Alle beenden',
  noSessions: 'Keine offenen Sitzungen.',
  endSession: 'Beenden',
  endSessionAt: (app) => `Beenden: Sitzung bei ${app}`,
  since: (time) => `seit ${time}`,
  loginsSince: (count, time) => `${count} Anmeldungen, die erste seit ${time}`,
  ending: 'Wird beendet',
  endingTitle: 'Die Anwendung weiß Bescheid und hat es noch nicht bestätigt.',
  sessionEnding: (app) => `Die Sitzung bei ${app} wird beendet.`,
  allEnding: 'Alle Sitzungen werden beendet.',

  devicesTitle: 'Ihre Geräte',
  thisDevice: 'Dieses',
  lastSeen: (time) => `Zuletzt gesehen: ${time}`,
  rename: 'Umbenennen',
  renameDevice: (name) => `Umbenennen: ${name}`,
  renameTitle: 'Gerät umbenennen',
  name: 'Name',
  save: 'Speichern',
  unpair: 'Entkoppeln',
  unpairDevice: (name) => `Entkoppeln: ${name}`,
  unpairTitle: (name) => `${name} entkoppeln?`,
  unpairText: 'Es kann keine Anfragen mehr beantworten. Was es gerade offen hat, endet sofort.',
  unpairOwnText:
    'Dieses Telefon vergisst seine Schlüssel und kann keine Anfragen mehr beantworten. Um es wieder zu koppeln, brauchen Sie einen neuen Code.',
  unpairLastText:
    'Es ist Ihr letztes Gerät: Ohne eines können Sie sich erst mit einem neuen Code wieder anmelden.',
  addDevice: 'Weiteres Gerät koppeln',
  codeTitle: 'Weiteres Gerät koppeln',
  codeText:
    'Scannen Sie das mit dem anderen Telefon, oder öffnen Sie dort den Authenticator und tippen Sie den Code ein.',
  qrAlt: 'QR-Code des Kopplungslinks',
  codeUntil: (time) => `Gilt einmal, bis ${time}.`,

  securityTitle: 'Dieses Telefon',
  notifications: 'Mitteilungen',
  notificationsOff: 'Aus. Anfragen erscheinen, solange diese Seite offen ist.',
  notificationsOn: 'An. Dieses Telefon meldet Anfragen.',
  turnOn: 'Einschalten',
  turnOff: 'Ausschalten',
  notificationsRefused:
    'Dieses Telefon lässt Mitteilungen dieser Seite nicht zu. Sehen Sie in den Einstellungen nach.',
  notificationTitle: 'Eine Anfrage wartet auf Sie',
  notificationText: 'Öffnen, um zu sehen, wer fragt.',
  pin: 'PIN',
  pinUnset: 'Nicht festgelegt. Manche Anwendungen verlangen eine.',
  pinSet: 'Auf diesem Telefon festgelegt',
  pinLost: 'Nach zu vielen Versuchen gesperrt. Koppeln Sie dieses Telefon neu.',
  setPin: 'Festlegen',
  changePin: 'Ändern',
  choosePin: 'PIN festlegen',
  choosePinText:
    'Mindestens sechs Ziffern. Nach fünf falschen PINs muss dieses Telefon neu gekoppelt werden.',
  newPin: 'Neue PIN',
  askPin: 'PIN eingeben',
  askPinFor: (app) => `${app} verlangt Ihre PIN.`,
  oldPinText: 'Die bisherige.',
  pinTooShort: 'Eine PIN hat sechs bis zwölf Ziffern.',
  pinWrong: (left) =>
    left === 1 ? 'Falsche PIN. Noch ein Versuch.' : `Falsche PIN. Noch ${left} Versuche.`,
  biometric: 'Fingerabdruck, Gesicht oder Schlüssel',
  biometricUnset: 'Nicht eingerichtet. Manche Anwendungen verlangen es.',
  biometricSet: 'Auf diesem Telefon eingerichtet',
  setUp: 'Einrichten',
  biometricFailed: 'Das wurde nicht bestätigt. Versuchen Sie es noch einmal.',
  pinFirst: (app) => `${app} verlangt eine PIN. Legen Sie unten eine fest, dann bestätigen Sie.`,
  biometricFirst: (app) =>
    `${app} verlangt Fingerabdruck, Gesicht oder Sicherheitsschlüssel. Richten Sie das unten ein, dann bestätigen Sie.`,
  locationRefused: (app) =>
    `${app} nimmt Bestätigungen nur an bestimmten Orten an. Erlauben Sie dieser Seite, den Standort zu sehen.`,
  locationUnknown: 'Dieses Telefon weiß nicht, wo es ist. Versuchen Sie es noch einmal im Freien.',
  locationInexact: (metres) =>
    `Dieses Telefon kennt seinen Ort nur auf ${metres} m genau. Versuchen Sie es noch einmal im Freien.`,
  outside: (app, distance) =>
    `Sie sind ${distance} von dort entfernt, wo ${app} Bestätigungen annimmt.`,

  errors: {
    invalid: 'Damit kann der Server nichts anfangen. Prüfen Sie Ihre Eingabe.',
    unpaired: 'Dieses Telefon ist nicht mehr gekoppelt.',
    signature:
      'Der Server nimmt die Unterschrift dieses Telefons nicht an. Öffnen Sie die Seite neu.',
    clock: 'Die Uhr dieses Telefons geht falsch. Stellen Sie sie und versuchen Sie es noch einmal.',
    replay: 'Das hat der Server schon einmal gesehen. Versuchen Sie es noch einmal.',
    unknown_code:
      'Dieser Code ist vertippt, schon benutzt oder abgelaufen. Lassen Sie sich einen neuen geben.',
    unknown_request: 'Die Anfrage ist nicht mehr offen.',
    unknown_device: 'Dieses Gerät ist nicht mehr gekoppelt.',
    answered: 'Die Anfrage wurde schon anderswo beantwortet.',
    wrong_number: 'Das war eine andere Zahl.',
    denial_only: 'Es wurde eine falsche Zahl angegeben: Die Anfrage kann nur abgelehnt werden.',
    full: 'Sie haben so viele Geräte, wie Sie haben können. Entkoppeln Sie zuerst eines.',
    enrolled: 'Das ist schon eingerichtet.',
    key_changed: 'Die Anwendung hat einen neuen Schlüssel. Versuchen Sie es noch einmal.',
    expired: 'Die Anfrage ist abgelaufen: Melden Sie sich noch einmal an.',
    withdrawn: 'Die Anfrage wurde im Browser abgebrochen.',
    policy: 'Die Anwendung verlangt mehr, als nachgewiesen wurde.',
    too_many: 'Zu viele Versuche. Warten Sie eine Minute.',
    unavailable: 'Das geht im Augenblick nicht. Versuchen Sie es noch einmal.',
  },
};
