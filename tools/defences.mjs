// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are quotations of the sources
// The threat model of SECURITY.md as changes of the sources: each entry takes one defence out and
// names the tests that must fail then. `node tools/check-defences.mjs` tries them all.

// The names of tests in the contract are cut by Vitest, so that only their beginnings can be named.

/** One defence at one place; see `Defence` in defences.d.mts. */
function defence(row, without, [file, source, replacement], spec, test) {
  return { row, without, edits: [{ file, source, replacement }], spec, test };
}

/** A defence that is made twice, so that the test fails only when both are taken out. */
function doubleDefence(row, without, edits, spec, test) {
  return {
    row,
    without,
    edits: edits.map(([file, source, replacement]) => ({ file, source, replacement })),
    spec,
    test,
  };
}

const EVENTS = 'spec/login/events.spec.ts';
const MODES = 'spec/modes.spec.ts';
const LIMITS = 'spec/limits.spec.ts';
const ONE_LOGIN = 'spec/one-login.spec.ts';
const UNKNOWN_NAMES = 'spec/login/unknown-names.spec.ts';
const CONCEAL = 'spec/conceal.spec.ts';
const CONTRACT = 'spec/store/contract.spec.ts';
const STRATEGY = 'spec/strategy.spec.ts';
const WAITING = 'spec/web/waiting.spec.ts';
const ADDRESSES = 'engine/spec/addresses.spec.ts';
const DEVICES = 'engine/spec/devices.spec.ts';
const FACTORS = 'engine/spec/factors.spec.ts';
const CONNECTIONS = 'engine/spec/connections.spec.ts';
const HOST_LOOKUP = 'engine/spec/host-lookup.spec.ts';
const PUSH = 'engine/spec/push.spec.ts';
const WITHDRAWALS = 'engine/spec/withdrawals.spec.ts';

const unsignedIsBelieved = [
  'lib/login/events.ts',
  'if (!this.confirm || (await isSigned(event))) {',
  'if (true) {',
];
const anyAgeOfEvents = [
  'lib/client/event-signature.ts',
  'return Math.abs(performance.now() + reading.offset - time.getTime()) <= MAX_EVENT_AGE_MS;',
  'return true;',
];
const memoryAnswersTwice = [
  'lib/store/memory.ts',
  "if (kept?.record.state !== 'pending') return false;",
  'if (!kept) return false;',
];
const memoryConsumesTwice = [
  'lib/store/memory.ts',
  "if (kept?.record.state !== 'answered') return null;",
  'if (!kept) return null;',
];
const redisConsumesTwice = [
  'lib/store/redis/scripts.ts',
  "if redis.call('HGET', KEYS[1], 'state') ~= 'answered' then return nil end",
  '',
];
const anyBrowserFinishes = [
  'lib/passport/attempt.ts',
  'if (!this.browserSession.hasBegun(this.req, handle)) {',
  'if (false) {',
];

/** @type {import('./defences.mjs').Defence[]} */
export const defences = [
  defence(
    'sends a forged approval to the callback URL',
    'the question to the engine about an unsigned event',
    unsignedIsBelieved,
    EVENTS,
    'is only a hint: a forged approval is refused',
  ),
  defence(
    'alters a signed event, or keeps it for later',
    'the check of the signature',
    [
      'lib/client/event-signature.ts',
      "if (!(await isSigned(texts, signature, clock.eventKeys(reading)))) return 'forged';",
      '',
    ],
    EVENTS,
    'is only a hint if its signature does not match',
  ),
  defence(
    'alters a signed event, or keeps it for later',
    'the five minutes',
    anyAgeOfEvents,
    EVENTS,
    'is only a hint if it is signed and older than five minutes',
  ),
  defence(
    'sends an event with another user’s hash',
    'the question to the engine about an unsigned event',
    unsignedIsBelieved,
    EVENTS,
    'logs in the user that the engine names',
  ),
  doubleDefence(
    'replays an event',
    'the look whether there is an answer already, here and in the store',
    [
      [
        'lib/login/events.ts',
        "if (login.state === 'pending') await this.takeAnswer(login, event, read);",
        'await this.takeAnswer(login, event, read);',
      ],
      memoryAnswersTwice,
    ],
    EVENTS,
    'changes nothing when it comes again, even after the finish',
  ),
  defence(
    'forges, alters or replays a logout event',
    'the check of the signature',
    [
      'lib/client/event-signature.ts',
      "if (!(await isSigned(texts, signature, clock.eventKeys(reading)))) return 'forged';",
      '',
    ],
    EVENTS,
    'is answered with 400 and ends nothing if it is altered',
  ),
  defence(
    'forges, alters or replays a logout event',
    'the five minutes',
    anyAgeOfEvents,
    EVENTS,
    'than five minutes in engine time',
  ),
  defence(
    'forges, alters or replays a logout event',
    'the time of the session',
    ['lib/store/memory.ts', 'if (!kept.ended && kept.record.startedAt > until) continue;', ''],
    EVENTS,
    'ends no newer session when it comes again',
  ),
  defence(
    'floods the callback URL',
    'the 404 before anything is decrypted',
    [
      'lib/login/events.ts',
      "if (!login) return { status: 404, type: 'auth' };",
      `if (!login) {
        await this.client.readAnswer(event.authRequest, event);
        return { status: 404, type: 'auth' };
      }`,
    ],
    EVENTS,
    'is answered with 404 for an unknown auth request',
  ),
  defence(
    'sends forged events while a login is being started, to hold connections',
    'the limit of events that wait',
    ['lib/login/start.ts', 'if (this.settling >= MAX_SETTLING) throw notSettled();', ''],
    EVENTS,
    'is answered with 503 at once if many others wait for a login that is being started',
  ),
  defence(
    'takes over the engine’s answer to another login',
    'the comparison of the auth requests',
    [
      'lib/client/client.ts',
      'if (answered !== authRequest) return { belongs: false, authorized: false };',
      '',
    ],
    'spec/client/wire.spec.ts',
    'reports a denial for the approval of another auth request',
  ),
  defence(
    'reads logs or error pages',
    'the search for secrets in what the engine says',
    [
      'lib/client/redaction.ts',
      'if (secrets.some((secret) => text.includes(secret))) return undefined;',
      '',
    ],
    'spec/client/secrets.spec.ts',
    'a refusal that quotes a secret key that looks like words',
  ),
  defence(
    'reads logs or error pages',
    'the dots in place of what looks like a key or an envelope',
    ['lib/client/redaction.ts', ".replace(LONG_RUN, '…')", ''],
    'spec/client/secrets.spec.ts',
    'a refusal that quotes the call',
  ),
  defence(
    'reads logs or error pages',
    'the error that keeps the package to itself',
    [
      'lib/client/auth-package.ts',
      "'The auth package lacks auth_request or response. A LaunchKey v1 device sends both.',",
      '`The auth package is ${text}`,',
    ],
    'spec/client/secrets.spec.ts',
    'an auth package',
  ),
  defence(
    'reads the access log of a proxy in front of the engine',
    'the body as the way of a poll’s credentials',
    [
      'lib/client/engine-calls.ts',
      '      query: call.query,\n',
      '      query: `${call.query ?? ""}&${envelope}`,\n',
    ],
    'spec/client/access-log.spec.ts',
    'holds no credential and no token after calls of the client',
  ),
  defence(
    'finishes a login that another browser began',
    'the look into the session',
    anyBrowserFinishes,
    MODES,
    'finishes a login in the browser that began it and in no other',
  ),
  defence(
    'finishes a login that another browser began',
    'the look into the session, on the waiting page',
    [
      'lib/web/waiting/handler.ts',
      "if (!this.browserSession.hasBegun(req, handle)) return { state: 'unknown' };",
      '',
    ],
    WAITING,
    'is limited to the browser that began the login',
  ),
  defence(
    'finishes a login that another browser began',
    'the error where there are no sessions',
    ['lib/passport/attempt.ts', 'this.requireSession();', ''],
    MODES,
    'fails without sessions, and sends no push',
  ),
  defence(
    'plants a session cookie in a browser, and finishes the login that its user approves',
    'the cookie of the login',
    [
      'lib/web/browser-session.ts',
      'return proof === undefined || hasLoginCookie(req, handle, proof);',
      'return true;',
    ],
    'spec/fixation.spec.ts',
    'does not let the attacker finish',
  ),
  defence(
    'plants a session cookie in a browser, and finishes the login that its user approves',
    'the new session id in hosts without access to their response',
    ['lib/web/browser-session.ts', 'if (proof === undefined) await renewSession(req);', ''],
    'spec/fixation.spec.ts',
    'does not let the attacker finish',
  ),
  defence(
    'kills a process or Redis in the middle of logins',
    'the one script: consume() looks first and writes then',
    [
      'lib/store/redis/store.ts',
      'return loginRecord(await this.run(scripts.CONSUME, [this.loginKey(handle)]));',
      `const seen = await this.get(handle);
    if (seen?.state !== 'answered') return null;
    await this.run("redis.call('HSET', KEYS[1], 'state', 'finished')", [this.loginKey(handle)]);
    return { ...seen, state: 'finished' };`,
    ],
    CONTRACT,
    'lets one of many simultaneous',
  ),
  defence(
    'kills a process or Redis in the middle of logins',
    'the state in consume()',
    redisConsumesTwice,
    'spec/store/redis.spec.ts',
    'does not finish a lost login',
  ),
  defence(
    'kills a process or Redis in the middle of logins',
    'the state in consume()',
    redisConsumesTwice,
    'spec/cluster.spec.ts',
    'log in no one wrongly after Redis has lost all data',
  ),
  defence(
    'makes Redis evict the list by which a logout finds sessions',
    'the look into the list',
    [
      'lib/store/redis/scripts.ts',
      "if not redis.call('ZSCORE', KEYS[2] .. kept[2], ARGV[1]) then return nil end",
      '',
    ],
    'spec/store/redis.spec.ts',
    'treats a session that a logout event could not find as ended',
  ),
  defence(
    'keeps a login that was ended on the phone, by a logout that fails',
    'the order: the note goes first',
    [
      'lib/web/browser-session.ts',
      '\n  await logOut(req, logout as LogOut);',
      '\n  browserSession.forgetLaunchKeySession(req);\n  await logOut(req, logout as LogOut);',
    ],
    'spec/web/other-hosts.spec.ts',
    'lets no request continue if logout() fails',
  ),
  defence(
    'keeps a login that was ended on the phone, by a logout that fails',
    'the look at the LaunchKey session',
    [
      'lib/web/browser-session.ts',
      'if (await sessions.isOpen(handle)) return true;',
      'return true;',
    ],
    'spec/attack/browser-session.spec.ts',
    'logs the browser out at the next request after the user logged out on the device',
  ),
  defence(
    'keeps a login that was ended on the phone, by a logout that fails',
    'the error while the store is away',
    [
      'lib/login/sessions.ts',
      'return (await this.store.getSession(handle)) !== null;',
      'return (await this.store.getSession(handle).catch(() => undefined)) !== null;',
    ],
    'spec/attack/browser-session.spec.ts',
    'lets no request through while the store is away',
  ),
  defence(
    'finishes one login twice',
    'the state in consume(), MemoryStore',
    memoryConsumesTwice,
    MODES,
    'logs in once when two finishes come at the same moment',
  ),
  defence(
    'finishes one login twice',
    'the state in consume(), MemoryStore',
    memoryConsumesTwice,
    'spec/store/race.spec.ts',
    'end each login once, with MemoryStore',
  ),
  defence(
    'finishes one login twice',
    'the state in consume(), RedisStore',
    redisConsumesTwice,
    'spec/store/race.spec.ts',
    'end each login once, with RedisStore',
  ),
  defence(
    'pushes request after request at one phone',
    'the refusal',
    [
      'lib/login/pending-limits.ts',
      'throw limitExceeded(limit, freeInMs);',
      'return { of: limit.of, id };',
    ],
    LIMITS,
    'are limited, and no push is sent beyond the limit',
  ),
  defence(
    'pushes request after request at one phone',
    'one name for all spellings',
    [
      'lib/login/pending-limits.ts',
      "return username.normalize('NFKC').trim().toLowerCase();",
      'return username;',
    ],
    LIMITS,
    'are counted for all spellings of the name',
  ),
  defence(
    'locks a user out by asking for the name again and again',
    'the room of a browser that has used the name',
    [
      'lib/login/pending-limits.ts',
      'for (const of of [limit.of, limit.ownRoom]) {',
      'for (const of of [limit.of]) {',
    ],
    LIMITS,
    'leave room for a browser that has used the name before',
  ),
  defence(
    'approves a request whose browser has left',
    'the withdrawal',
    ['lib/login/withdrawals.ts', 'return await this.tell(login, signal);', 'return false;'],
    ONE_LOGIN,
    'has one request on the phone',
  ),
  defence(
    'approves a request whose browser has left',
    'what undoes an approval that came first',
    ['lib/login/withdrawals.ts', 'await this.undoAnswer(login, signal);', ''],
    ONE_LOGIN,
    'leaves no LaunchKey session',
  ),
  defence(
    'fills the store with names that do not exist, where `concealUsers` is on',
    'the removal of the record',
    ['lib/login/start.ts', 'removeLogin(store, login.handle), ', ''],
    UNKNOWN_NAMES,
    'leave MemoryStore as large as it was',
  ),
  defence(
    'makes handles that look like decoys',
    'the authentication of a decoy',
    ['lib/login/decoys.ts', 'timingSafeEqual(this.tagOf(state), tag)', 'true'],
    UNKNOWN_NAMES,
    'opens no handle that was changed',
  ),
  defence(
    'pushes request after request at one phone',
    'the count before the push',
    [
      'lib/login/start.ts',
      'const places = await takeSlots(store, limits, loginTimeout);',
      `await client.authorize(username, { session });
    const places = await takeSlots(store, limits, loginTimeout);`,
    ],
    LIMITS,
    'are counted before the push is sent',
  ),
  defence(
    'pushes request after request at one phone',
    'the limit in MemoryStore',
    [
      'lib/store/memory-slots.ts',
      'if (slots.size >= limit) return Math.min(...slots.values()) - now;',
      '',
    ],
    CONTRACT,
    'gives out as many pending slots',
  ),
  defence(
    'pushes request after request at one phone',
    'the one step of RedisStore: it counts first and takes then',
    [
      'lib/store/redis/store.ts',
      '[id, String(limit), whole(ttl)],',
      `Number(await this.run("return redis.call('ZCARD', KEYS[1])", [this.slotsKey(of)])) < limit
        ? [id, '1000', whole(ttl)]
        : [id, '0', whole(ttl)],`,
    ],
    CONTRACT,
    'gives out as many pending slots',
  ),
  defence(
    'pushes at many people from one browser',
    'the count of the browser',
    ['lib/login/pending-limits.ts', 'return [ofBrowser, ofUser];', 'return [ofUser];'],
    LIMITS,
    'are limited for all users together',
  ),
  defence(
    'pushes at many people from one browser',
    'the name of the browser that outlives its logins',
    [
      'lib/web/browser-session.ts',
      "return this.read(req).browser ?? randomBytes(16).toString('base64url');",
      "return randomBytes(16).toString('base64url');",
    ],
    LIMITS,
    'are still counted after one of them was finished',
  ),
  defence(
    'sends endless user names',
    'the longest name',
    ['lib/passport/attempt.ts', 'value.length <= MAX_USERNAME_LENGTH', 'value.length > 0'],
    LIMITS,
    'is not sent to a user name of more than 256 characters',
  ),
  defence(
    'sends endless user names',
    'the hash',
    ['lib/login/pending-limits.ts', "return hash('sha256', text, 'base64url');", 'return text;'],
    LIMITS,
    'are counted in the store by a hash of the name',
  ),
  defence(
    'logs in with an approval for linking, or links with an approval for a login',
    'the name of the strategy in the session',
    [
      'lib/web/browser-session.ts',
      'this.key = `launchkey:${strategyName}`;',
      "this.key = 'launchkey';",
    ],
    'spec/authorize.spec.ts',
    'does not accept an approval for linking as a login',
  ),
  defence(
    'links a phone to an account other than the one that asked',
    'the look into the session',
    anyBrowserFinishes,
    'spec/authorize.spec.ts',
    'drops a pending link when its account logs out',
  ),
  defence(
    'makes a user approve by mistake',
    'the number in the request',
    [
      'lib/login/push.ts',
      '{ ...options, numberMatch: number, authRequest }',
      '{ ...options, authRequest }',
    ],
    MODES,
    'denies the login after one wrong pick',
  ),
  defence(
    'makes a user approve by mistake',
    'the denial at a wrong pick, in the virtual device',
    [
      'engine/lib/domain/virtual-device.ts',
      "return isRight ? { approved: true } : { approved: false, reason: 'number' };",
      'return { approved: true };',
    ],
    MODES,
    'denies the login after one wrong pick',
  ),
  defence(
    'approves at random what asks for a number',
    'the typed number as the default',
    [
      'lib/passport/settings.ts',
      "numberMatching = pending === 'redirect' ? 'type' : false,",
      "numberMatching = pending === 'redirect' ? 'pick' : false,",
    ],
    MODES,
    'has six digits typed on the device unless the application wants it otherwise',
  ),
  defence(
    'approves at random what asks for a number',
    'the refusal of an engine that cannot have a number typed',
    [
      'lib/client/client.ts',
      "if (!(await this.#calls.knows('number_type', signal))) throw cannotType();",
      "await this.#calls.knows('number_type', signal);",
    ],
    MODES,
    'ends in an error and sends no push if the engine cannot have a number typed',
  ),
  defence(
    'approves a login to the account of another user, whom the application names wrongly',
    'the comparison of the user hash',
    [
      'lib/login/finish.ts',
      'const authorized = answer.authorized && isExpectedUser;',
      'const authorized = answer.authorized;',
    ],
    'spec/resolve-user.spec.ts',
    'refuses an approval by another user than it named',
  ),
  defence(
    'asks for a user from elsewhere, and hopes for a tap',
    'the browser in the request',
    [
      'lib/passport/attempt.ts',
      'const requester = requesterOf(this.req, this.settings.requester);',
      'const requester = undefined;',
    ],
    'spec/requester.spec.ts',
    'is shown by the engine with its address',
  ),
  defence(
    'logs in while the user logs out on the device',
    'the look at the session after verify',
    [
      'lib/passport/attempt.ts',
      'if (session && !(await sessions.isOpen(handle))) {',
      'if (false) {',
    ],
    EVENTS,
    'keeps the user out if it comes while verify is running',
  ),
  defence(
    'pretends to be a browser that the user knows',
    'the HMAC of the user',
    [
      'lib/web/known-browser.ts',
      'return this.keys.some((key) => timingSafeEqual(macOf(key, id, name, time), given));',
      'return given.length > 0;',
    ],
    'spec/known-browsers.spec.ts',
    'does not count with',
  ),
  defence(
    'asks who exists, where `concealUsers` is on',
    'the decoy',
    [
      'lib/login/start.ts',
      'if (!this.parts.decoys || !refusalFor(error)) throw error;',
      'throw error;',
    ],
    CONCEAL,
    'until a held request expires',
  ),
  defence(
    'asks who exists, where `concealUsers` is on',
    'the time in which a decoy can be looked at',
    ['lib/login/wait.ts', 'if (login.decoy) return;', ''],
    CONCEAL,
    'causes no question to the engine about unknown users',
  ),
  defence(
    'measures how long it takes',
    'the steps of a start',
    [
      'lib/login/start.ts',
      'await (this.parts.decoys ? settleInSteps(login) : login)',
      'await login',
    ],
    'spec/login/conceal.spec.ts',
    'ends a start with a step',
  ),
  defence(
    'measures how long it takes',
    'the clock of a look',
    [
      'lib/login/logins.ts',
      'await (this.decoys ? askConcealed(this.store, login, ask) : ask());',
      'await ask();',
    ],
    'spec/login/conceal.spec.ts',
    'ends a look by the clock',
  ),
  defence(
    'asks the same while the engine is away, forgets or is wrong about the time',
    'what hides the trouble of a wait',
    ['lib/login/poll-loop.ts', 'settings.concealUsers ? this.concealFailure(error) : ', ''],
    CONCEAL,
    'does not see that the engine',
  ),
  defence(
    'asks the same while the engine is away, forgets or is wrong about the time',
    'what hides the trouble of a look',
    [
      'lib/login/logins.ts',
      'await (this.decoys ? askConcealed(this.store, login, ask) : ask());',
      'await ask();',
    ],
    CONCEAL,
    'does not see that the engine',
  ),
  defence(
    'asks the same while the engine is away, forgets or is wrong about the time',
    'what hides that a device gave up',
    [
      'lib/login/wait.ts',
      'if (this.settings.concealUsers && isExpiryNotice(reading)) return false;',
      '',
    ],
    CONCEAL,
    'does not see that the device reported no answer',
  ),
  defence(
    'reads in a refusal who exists',
    'the denial in place of "no such user"',
    ['lib/login/engine-errors.ts', 'error instanceof NoSuchUserError ||', ''],
    STRATEGY,
    'looks like a denied one for a user who does not exist',
  ),
  defence(
    'reads in a refusal who exists',
    'the denial in place of "no device"',
    ['lib/login/engine-errors.ts', 'error instanceof NoPairedDevicesError ||', ''],
    STRATEGY,
    'looks like a denied one for a user without a device',
  ),
  defence(
    'makes verify fail in odd ways',
    'the Error that is made of what was thrown',
    [
      'lib/passport/verify.ts',
      'const fail = (error: unknown) => reject(toErrorObject(error));',
      'const fail = (error: unknown) => reject(error);',
    ],
    'spec/passport/verify.spec.ts',
    'turns a thrown',
  ),
  defence(
    'makes verify fail in odd ways',
    'the Error that the host is handed',
    [
      'lib/web/host-error.ts',
      'const error = toErrorObject(thrown);',
      'const error = thrown as object;',
    ],
    'spec/attack/forced-errors.spec.ts',
    'lets no request through when the store throws',
  ),
  defence(
    'leaves the page, and lets the user approve later',
    'the end of the wait',
    [
      'lib/login/hold.ts',
      'const end = await Promise.race([outcome, connection.whenClosed]);',
      'const end: string = await outcome;',
    ],
    STRATEGY,
    'stops the poll at once, and is no longer asked for on the phone',
  ),
  defence(
    'leaves the page, and lets the user approve later',
    'the look whether the browser is there after verify',
    ['lib/passport/attempt.ts', 'if (this.connection.closed) {', 'if (false) {'],
    'spec/attack/forced-errors.spec.ts',
    'is not logged in, and its LaunchKey session is ended',
  ),
  defence(
    'leaves the page, and lets the user approve later',
    'the end of the session that a late approval opens',
    ['lib/login/hold.ts', 'await logins.starter.endInTurn(login, end).catch(() => {});', ''],
    'spec/login/wait.spec.ts',
    'leaves no LaunchKey session open',
  ),
  defence(
    'leaves the page, and lets the user approve later',
    'the report that no user was logged in, when the event comes',
    ['lib/login/events.ts', 'if (isLocalAnswer(answer) && login.session) {', 'if (false) {'],
    EVENTS,
    'leaves no LaunchKey session open',
  ),
  defence(
    'waits until middleware has responded in place of the strategy, and lets the user approve then',
    'the look at the response',
    [
      'lib/web/connection.ts',
      'return this.hasClosed || (!this.begunBefore && this.hasBegun());',
      'return this.hasClosed;',
    ],
    'spec/foreign-response.spec.ts',
    'logs no one in after other code has begun a response',
  ),
  defence(
    'keeps requests of logins by a verify callback that never answers',
    'the minute',
    [
      'lib/passport/verify.ts',
      'return withTimeout(answer, VERIFY_TIMEOUT_MS, () => {',
      'return withTimeout(answer, 2 ** 31 - 1, () => {',
    ],
    'spec/passport/verify.spec.ts',
    'rejects after a minute without an answer',
  ),
  defence(
    'shares a strategy instance among requests',
    'the capture of the actions',
    [
      'lib/passport/actions.ts',
      'return { success, fail, redirect, pass, error };',
      'return strategy;',
    ],
    STRATEGY,
    'never mixes up the requests of many users',
  ),
  defence(
    'puts an approval of its own, or another answer, in the place of a denial on its way',
    'the engine’s word on the report',
    ['lib/client/client.ts', 'return authorized && accepted;', 'return authorized;'],
    'engine/spec/altered.spec.ts',
    'is refused by the engine if a denial was turned into an approval',
  ),
  defence(
    'puts an approval of its own, or another answer, in the place of a denial on its way',
    'the look whose request it names',
    [
      'lib/client/client.ts',
      'if (answered !== authRequest) return { belongs: false, authorized: false };',
      '',
    ],
    'engine/spec/altered.spec.ts',
    'changed for an earlier approval',
  ),
  defence(
    'withdraws an approval before it is used',
    'the report that the engine must accept',
    [
      'lib/login/finish.ts',
      'if (authorized && accepted) return approval(record, answer);',
      'if (authorized) return approval(record, answer);',
    ],
    'spec/login/wait.spec.ts',
    'the report of an approval',
  ),
  defence(
    'reads what the browser keeps',
    'the hash that stands for the token',
    [
      'lib/login/handle.ts',
      "return hash('sha256', `launchkey login ${appKey} ${authRequest}`, 'base64url');",
      'return authRequest;',
    ],
    MODES,
    'never shows the engine’s token to the browser',
  ),
  defence(
    'pairs or unpairs a phone of a visitor, by a form on another site',
    'the look at the origin',
    ['lib/web/pairing/handler.ts', 'if (!isSameOrigin(req))', 'if (false)'],
    'spec/web/pairing.spec.ts',
    'refuses a form of another site',
  ),
  defence(
    'replaces the pairing code that a user is typing, by a picture or frame on another site',
    'the look at the destination',
    [
      'lib/web/pairing/handler.ts',
      'devices.length === 0 && isNavigation(req)',
      'devices.length === 0',
    ],
    'spec/web/pairing.spec.ts',
    'makes no code for a picture or frame',
  ),
  defence(
    'cancels a login by a form on another site',
    'the look where the form comes from',
    ['lib/web/waiting/handler.ts', 'if (isForeign(req, this.crossSite)) {', 'if (false) {'],
    WAITING,
    'is refused from another site',
  ),
  defence(
    'logs a visitor of another site in as another user, by a form on that site',
    'the look where the request comes from',
    [
      'lib/passport/attempt.ts',
      "if (isForeign(this.req, this.settings.crossSite)) return this.refuse(loginInfo('cross_site'));",
      '',
    ],
    'spec/cross-site.spec.ts',
    'fails without a push if another site sends it',
  ),
  defence(
    'puts markup into a user name',
    'the escaping',
    [
      'lib/web/waiting/page.ts',
      '<bdi>${escapeHtml(note?.name ?? login.username)}</bdi>',
      '<bdi>${note?.name ?? login.username}</bdi>',
    ],
    WAITING,
    'escapes all text from outside',
  ),
  defence(
    'listens between the application and the engine',
    'the refusal of plain http',
    [
      'lib/client/options.ts',
      "if (url.protocol === 'http:' && !isLoopback(url.hostname) && allowInsecure !== true) {",
      'if (false) {',
    ],
    'spec/client/options.spec.ts',
    'http://engine.example.com/v1',
  ),

  defence(
    'replays a request of a device',
    'the nonce',
    ['engine/lib/domain/devices.ts', "if (device === 'seen') return { refused: 'replay' };", ''],
    DEVICES,
    'is refused when it is made again',
  ),
  defence(
    'replays a request of a device',
    'the time at which it was signed',
    [
      'engine/lib/domain/devices.ts',
      'const isRecent = Math.abs(created * 1000 - now) <= MAX_CLOCK_SKEW_MS;',
      'const isRecent = true;',
    ],
    DEVICES,
    'is refused when it was signed',
  ),
  defence(
    'alters a request of a device, or sends it on to another place',
    'the digest of the body',
    [
      'engine/lib/http/device/signature.ts',
      "if (!digest || !sameDigest(digest, hash('sha256', body, 'base64'))) {",
      'if (!digest) {',
    ],
    DEVICES,
    'answers nothing when a signed answer is replayed with another body',
  ),
  defence(
    'alters a request of a device, or sends it on to another place',
    'the refusal of a body without a digest',
    [
      'engine/lib/http/device/signature.ts',
      'components !== WITHOUT_BODY || body.length > 0',
      'components !== WITHOUT_BODY',
    ],
    DEVICES,
    'is refused with a body that the signature does not cover',
  ),
  defence(
    'alters a request of a device, or sends it on to another place',
    'the names of the engine',
    [
      'engine/lib/http/device/target.ts',
      "if (['localhost', '127.0.0.1', '[::1]'].includes(name))",
      'if (name !== undefined)',
    ],
    DEVICES,
    'is refused when it names a host that is not the engine',
  ),
  defence(
    'has the token of a device without its key, or the key without the token',
    'the signature',
    [
      'engine/lib/domain/devices.ts',
      "if (!(await verifies(known.publicKey, signed))) return { refused: 'signature' };",
      '',
    ],
    DEVICES,
    'is refused with a copied token and another key',
  ),
  defence(
    'has the token of a device without its key, or the key without the token',
    'the token',
    [
      'engine/lib/domain/devices.ts',
      'if (!token || !known || !sameDigest(known.tokenHash, sha256(token))) {',
      'if (!known) {',
    ],
    DEVICES,
    'is refused with the key and the token of another device',
  ),
  defence(
    'guesses the code by which a phone is paired',
    'the limit of an address',
    [
      'engine/lib/domain/failed-tries.ts',
      'return recent.length >= this.allowed ? oldest + WINDOW_MS - now : 0;',
      'return 0;',
    ],
    DEVICES,
    'lets an address fail ten times in a minute',
  ),
  defence(
    'calls again and again without valid credentials',
    'the refusal',
    [
      'engine/lib/domain/failed-calls.ts',
      "if (retryAfterMs > 0) return { refused: 'too_many_failed_calls', retryAfterMs };",
      '',
    ],
    ADDRESSES,
    'is told no reasons for a minute',
  ),
  defence(
    'makes browsers at an address send failing calls, so that the applications and phones there are refused',
    'the look at the credentials first',
    [
      'engine/lib/domain/failed-calls.ts',
      'const result = await identify();',
      "const waitMs = this.tries.wait(ip);\n    if (waitMs > 0) return { refused: 'too_many_failed_calls', retryAfterMs: waitMs };\n    const result = await identify();",
    ],
    ADDRESSES,
    'serves valid calls of applications and phones whatever strangers at it send',
  ),
  defence(
    'guesses pairing codes at an address, so that its other users cannot pair',
    'the exemption of links',
    [
      'engine/lib/domain/devices.ts',
      'isLinkSecret(code) ? () => {} : this.tries.begin(ip)',
      'this.tries.begin(ip)',
    ],
    DEVICES,
    'pairs by a link at an address that has failed ten times with codes',
  ),
  defence(
    'forges the address that its requests come from',
    'the list of proxies',
    [
      'engine/lib/http/server.ts',
      'trustProxy: trustedProxies.length > 0 && [...trustedProxies],',
      'trustProxy: true,',
    ],
    ADDRESSES,
    'changes nothing where no proxy',
  ),
  defence(
    'guesses the code by which a phone is paired',
    'the limit of all addresses',
    [
      'engine/lib/domain/pairings.ts',
      "if (retryAfterMs > 0) return { refused: 'too_many_codes', from: 'anywhere', retryAfterMs };",
      '',
    ],
    DEVICES,
    'lets all addresses together try 120 typed codes',
  ),
  defence(
    'guesses the code by which a phone is paired',
    'the end of the code after ten minutes',
    [
      'engine/lib/data/memory/pairings.ts',
      'if (pairing?.[by] !== hash || pairing.expiresAt <= now) return undefined;',
      'if (pairing?.[by] !== hash) return undefined;',
    ],
    DEVICES,
    'ends after ten minutes',
  ),
  defence(
    'guesses the code by which a phone is paired',
    'the end of the code after its use',
    [
      'engine/lib/data/memory/pairings.ts',
      'return undefined;\n    this.deleteUser(pairing.userId);',
      'return undefined;',
    ],
    DEVICES,
    'works once, by the code or by the link',
  ),
  defence(
    'pairs a phone with another user’s key',
    'the signature by the key that is paired',
    ['engine/lib/domain/devices.ts', "if (!holds) return { refused: 'signature' };", ''],
    DEVICES,
    'is refused without the key that is to be paired',
  ),
  defence(
    'answers for another user',
    'the look whose request it is',
    [
      'engine/lib/domain/answers.ts',
      "return open.request.userId === device.userId ? open : { refused: 'unknown_request' };",
      'return open;',
    ],
    DEVICES,
    'is not taken for the request of another user',
  ),
  defence(
    'answers a request a second time',
    'the first answer, in the store',
    ['engine/lib/data/memory/requests.ts', "if (request.answer) return 'answered';", ''],
    'engine/spec/engine.spec.ts',
    'take the first answer only, also of many at one moment',
  ),
  defence(
    'keeps using a phone that was unpaired',
    'the look whether it is paired still, in a held request',
    [
      'engine/lib/http/device/device-state.ts',
      'devices.find(({ id }) => id === known.id)',
      'known',
    ],
    DEVICES,
    'ends the held requests of the device at once if the operator does it, and the requests that no device can answer',
  ),
  defence(
    'keeps using a phone that was unpaired',
    'the end of its requests',
    [
      'engine/lib/domain/devices.ts',
      'for (const authRequest of expired) signals.publish({ authRequest });',
      '',
    ],
    DEVICES,
    'ends the held requests of the device at once if the operator does it, and the requests that no device can answer',
  ),
  defence(
    'picks one number after the other',
    'the comparison',
    [
      'engine/lib/domain/answers.ts',
      'if (number === request.number) return undefined;',
      'return undefined;',
    ],
    DEVICES,
    'allows only a denial on every device after a wrong number',
  ),
  defence(
    'picks one number after the other',
    'the end of all approvals after a wrong one',
    [
      'engine/lib/domain/answers.ts',
      'await data.requests.allowDenialOnly(request.authRequest);',
      '',
    ],
    DEVICES,
    'allows only a denial on every device after a wrong number',
  ),
  defence(
    'approves without what the application asks for',
    'the look at the proofs',
    [
      'engine/lib/domain/answers.ts',
      'isRefused(proven) ? proven : refuseUnproven(policy, proven)',
      'undefined',
    ],
    FACTORS,
    'is refused without proofs, and can be denied',
  ),
  defence(
    'approves without what the application asks for',
    'the answer in the challenge',
    [
      'engine/lib/domain/proofs.ts',
      '.update(`launchkey-answer\\n${authRequest}\\n${deviceId}\\ntrue\\n${auth}`)',
      '.update(`launchkey-answer`)',
    ],
    FACTORS,
    'is refused with the proof of a PIN for another answer',
  ),
  defence(
    'approves without what the application asks for',
    'the signature by the key of the PIN',
    [
      'engine/lib/domain/answers.ts',
      'if (device.knowledgeKey && (await verifyEc(device.knowledgeKey, challenge, knowledge))) {',
      'if (device.knowledgeKey) {',
    ],
    FACTORS,
    'is refused with the proof of a PIN for another answer',
  ),
  defence(
    'approves without what the application asks for',
    'the challenge of a fingerprint',
    [
      'engine/lib/domain/webauthn.ts',
      'response: response as AuthenticationResponseJSON,\n      expectedChallenge: challenge,',
      'response: response as AuthenticationResponseJSON,\n      expectedChallenge: () => true,',
    ],
    FACTORS,
    'is refused with a fingerprint for another answer',
  ),
  defence(
    'approves without what the application asks for',
    'the counter of an authenticator',
    ['engine/lib/domain/webauthn.ts', 'counter: credential.counter,', 'counter: 0,'],
    FACTORS,
    'is refused with a copy of an authenticator',
  ),
  defence(
    'approves without what the application asks for',
    'the age and the accuracy of a position',
    ['engine/lib/domain/proofs.ts', 'return fresh && exact;', 'return true;'],
    FACTORS,
    'accepts an approval inside its geofence if the position is recent and exact',
  ),
  defence(
    'sets up a PIN or a fingerprint on a phone that is not locked',
    'the proof by the PIN before',
    [
      'engine/lib/domain/factors.ts',
      'if (!(await verifyEc(device.knowledgeKey, digest, given.proof))) {',
      'if (false) {',
    ],
    FACTORS,
    'replaces a PIN only with a proof by the previous one',
  ),
  defence(
    'sets up a PIN or a fingerprint on a phone that is not locked',
    'the one credential of a device',
    [
      'engine/lib/domain/factors.ts',
      "return device.webauthn ? { refused: 'already_enrolled', factor: 'webauthn' } : undefined;",
      'return undefined;',
    ],
    FACTORS,
    'takes one authenticator, by the challenge that was given',
  ),
  defence(
    'keeps asking a user who reported fraud',
    'the pause',
    ['engine/lib/domain/requests.ts', 'if (paused) return paused;', ''],
    DEVICES,
    'pauses requests to the user for longer each time',
  ),
  defence(
    'asks for a user so often that the user cannot log in',
    'the windows of a known browser',
    [
      'engine/lib/domain/budget.ts',
      'return isKnown(browser) ? `${appKey} ${userId} ${browser?.id}` : sharedKey(userId);',
      'return sharedKey(userId);',
    ],
    'engine/spec/known-browsers.spec.ts',
    'lets a known browser ask',
  ),
  defence(
    'keeps asking for a user, through any application and from any address',
    'the growing waits of requests without an approval',
    [
      'engine/lib/domain/budget.ts',
      '...(isShared(key, userId) && { unapproved: UNAPPROVED })',
      '...{}',
    ],
    'engine/spec/budget.spec.ts',
    'lets five requests through',
  ),
  defence(
    'tells by its range which of the numbers on the phone is right',
    'the range of the wrong numbers',
    [
      'engine/lib/domain/number-choice.ts',
      "number.startsWith('0') ? [0, 10] : [10, 100]",
      '[0, 100]',
    ],
    'engine/spec/auths.spec.ts',
    'offers numbers of the same range',
  ),
  defence(
    'taps until a request is approved',
    'the length that a number to pick has',
    [
      'engine/lib/domain/number-choice.ts',
      'if (number.length !== PICKED_DIGITS) return undefined;',
      'if (number.length < PICKED_DIGITS) return undefined;',
    ],
    DEVICES,
    'which no device is told',
  ),
  defence(
    "registers with a name that looks like another user's",
    'the folded names',
    [
      'engine/lib/data/memory/users.ts',
      "if (whiteLabelOf === undefined && this.foldedNames.has(folded)) return 'taken';",
      '',
    ],
    'engine/spec/names.spec.ts',
    'refuses a new user whose name differs',
  ),
  defence(
    'registers with a name that shows itself in another way than it is read',
    'the invisible characters',
    [
      'engine/lib/domain/users.ts',
      'if (refusal || !hasInvisibleCharacters(normalizeName(name))) return refusal;',
      'if (true) return refusal;',
    ],
    'engine/spec/names.spec.ts',
    'refuses a new user whose name has',
  ),
  defence(
    'changes what the phone shows by characters that are not seen',
    'the names of hidden characters',
    [
      'engine/authenticator/src/requests.ts',
      "visible(request.context ?? '')",
      "(request.context ?? '')",
    ],
    'spec/browser/phone.spec.ts',
    'shows who asks with hidden characters made visible',
  ),
  defence(
    'keeps a new browser of the user out by asking all the time',
    'the one request that passes as expected',
    [
      'engine/lib/data/memory/requests.ts',
      'if (waitMs > 0 && !expected) return { waitMs };',
      'if (waitMs > 0) return { waitMs };',
    ],
    'engine/spec/budget.spec.ts',
    'passes outside the budget once',
  ),
  defence(
    'makes a user report fraud to lock the user out',
    'the browsers that a pause leaves',
    [
      'engine/lib/domain/fraud.ts',
      'if (isShared(rateKey, userId)) return until;',
      'if (until) return until;',
    ],
    'engine/spec/budget.spec.ts',
    'of an unknown browser pauses',
  ),
  defence(
    'puts words on the phone by the user agent of a browser',
    'the list of names',
    [
      'engine/lib/domain/browsers.ts',
      "BROWSER_NAMES.has(browser.name) ? browser.name?.replace(/ for Android$/, '') : undefined",
      'browser.name',
    ],
    'engine/spec/browsers.spec.ts',
    'no text of the sender',
  ),
  defence(
    'withdraws a request before its user can report it as fraud',
    'the time for which a withdrawn request is shown',
    ['engine/lib/data/retention.ts', 'REPORT_WITHDRAWN_MS = 300_000;', 'REPORT_WITHDRAWN_MS = 0;'],
    WITHDRAWALS,
    'can be reported as fraud',
  ),
  defence(
    'answers a request that its application took back',
    'the end of a request that is withdrawn',
    [
      'engine/lib/data/memory/requests.ts',
      'this.past.add(authRequest, request.appKey, { withdrawn: true });',
      'this.byToken.set(authRequest, request);',
    ],
    WITHDRAWALS,
    'can no longer be answered',
  ),
  defence(
    'keeps waking a user who reported fraud',
    'the look at the pause',
    [
      'engine/lib/outbound/push.ts',
      'if (seconds < 1 || (await fraud.pauses(request))) return undefined;',
      'if (seconds < 1) return undefined;',
    ],
    PUSH,
    'is not sent any more when its user has reported fraud',
  ),
  defence(
    'has the engine call what only the engine reaches, as a callback URL or a push service',
    'the look at the address of a callback URL',
    [
      'engine/lib/outbound/delivery.ts',
      'dependencies.guard.connector({ timeout: this.timeout })',
      '{ timeout: this.timeout }',
    ],
    'engine/spec/outgoing.spec.ts',
    'is not sent to an address of no allowed network',
  ),
  defence(
    'has the engine call what only the engine reaches, as a callback URL or a push service',
    'the look at the address of a push service',
    [
      'engine/lib/outbound/push.ts',
      'dependencies.guard.connector({ timeout, ca: options.ca })',
      '{ timeout, ca: options.ca }',
    ],
    PUSH,
    'has the engine connect to no name of an address that is not public',
  ),
  defence(
    'has the engine call what only the engine reaches, as a callback URL or a push service',
    'the look at an address in a subscription',
    [
      'engine/lib/domain/push-subscriptions.ts',
      'return isIP(address) === 0 || guard.allows(address);',
      'return true;',
    ],
    PUSH,
    'an endpoint on the engine’s machine',
  ),
  defence(
    'gives a name several addresses, of which some are not public',
    'the look at all addresses',
    [
      'engine/lib/util/outgoing-guard.ts',
      'const refused = addresses.find(({ address }) => !this.allows(address));',
      'const refused = addresses.slice(0, 1).find(({ address }) => !this.allows(address));',
    ],
    HOST_LOOKUP,
    'is not sent to a name of which only the last address is not allowed',
  ),
  defence(
    'writes an address that is not public in an unusual way',
    'the limit to global unicast addresses',
    [
      'engine/lib/util/outgoing-guard.ts',
      'return isIP(address) === 4 || globalUnicast.has(address);',
      'return true;',
    ],
    'engine/spec/outgoing.spec.ts',
    'is out of reach',
  ),
  defence(
    'subscribes phones at push services whose name server never answers',
    'the queries of its own',
    [
      'engine/lib/util/host-lookup.ts',
      'return await this.query(hostname);',
      'return await this.askSystem(hostname);',
    ],
    HOST_LOOKUP,
    'delays no event of another user, however many phones name it as their push service',
  ),
  defence(
    'subscribes phones at any number of slow push services',
    'the limit of an owner',
    [
      'engine/lib/util/fair-queue.ts',
      'this.runningByOwner.of(owner) < maxRunningPerOwner',
      'maxRunningPerOwner > 0',
    ],
    'engine/spec/fair-queue.spec.ts',
    'leaves room for others when one owner names a new target for each job',
  ),
  doubleDefence(
    'exchanges the secrets in the database with each other',
    'the name in the seal',
    [
      [
        'engine/lib/data/sql/vault.ts',
        ', this.key, nonce).setAAD(Buffer.from(name));',
        ', this.key, nonce);',
      ],
      ['engine/lib/data/sql/vault.ts', '        .setAAD(Buffer.from(name))\n', ''],
    ],
    'engine/spec/data/vault.spec.ts',
    'does not open under the name of another secret',
  ),
  defence(
    'asks a user again and again',
    'the limit of an application and a user',
    [
      'engine/lib/domain/requests.ts',
      '...(rateWindows.length > 0 && { rate: rateOf(key, user.id, rateWindows) }),',
      '',
    ],
    'engine/spec/auths.spec.ts',
    'lets one request in 5 seconds and three in 60 through',
  ),
  defence(
    'asks a user again and again',
    'the limit of what is open',
    ['engine/lib/domain/requests.ts', 'open: limits.pendingPerUser,', 'open: 1_000_000,'],
    'engine/spec/auths.spec.ts',
    'bounds the open requests of a user',
  ),
  defence(
    'calls the engine in the name of an application',
    'the signature',
    [
      'engine/lib/domain/envelopes.ts',
      'if (verifySignature(data, this.publicKeys.get(publicKey), signature)) return publicKey;',
      'return publicKey;',
    ],
    'engine/spec/envelope.spec.ts',
    'never decrypts what is not signed by the application',
  ),
  defence(
    'calls the engine in the name of an application',
    'the age of the stamp',
    [
      'engine/lib/domain/stamps.ts',
      'if (-ahead >= MAX_STAMP_AGE_MS + STAMP_PRECISION_MS) return STALE;',
      '',
    ],
    'engine/spec/envelope.spec.ts',
    'expires in a remembered envelope too',
  ),
  defence(
    'captures an envelope that is stamped far ahead, and uses it later',
    'the five minutes from when it was first seen',
    [
      'engine/lib/domain/stamps.ts',
      'return age !== undefined && age >= FAR_AHEAD_LIFE_MS ? STALE : undefined;',
      'return undefined;',
    ],
    'engine/spec/envelope.spec.ts',
    'far ahead counts for five minutes from when its envelope was first seen',
  ),
  defence(
    'captures an envelope that is stamped far ahead, and uses it later',
    'the name by its signed bytes',
    [
      'engine/lib/domain/envelopes.ts',
      'const envelope = { stamped, name: nameOf(app, ciphertext) };',
      'const envelope = { stamped, name: `${Math.random()}` };',
    ],
    'engine/spec/envelope.spec.ts',
    'far ahead counts for five minutes from when its envelope was first seen',
  ),
  defence(
    'captures an envelope that is stamped far ahead, and uses it later',
    'the time that a clock put back does not take away',
    [
      'engine/lib/domain/first-seen.ts',
      'this.elapsed += Math.max(0, now - this.readAt);',
      'this.elapsed += now - this.readAt;',
    ],
    'engine/spec/first-seen.spec.ts',
    'keeps an envelope its age where the clock is put back',
  ),
  defence(
    'captures an envelope of an application with strict stamps',
    'the two minutes ahead',
    ['engine/lib/domain/stamps.ts', 'if (strict && ahead > MAX_STRICT_AHEAD_MS) return STALE;', ''],
    'engine/spec/envelope.spec.ts',
    'of an application with strict stamps',
  ),
  defence(
    'keeps using credentials of an application that were replaced',
    'the look whether what was found right holds',
    [
      'engine/lib/domain/envelopes.ts',
      'return valid && this.pingKeys.accepts(checked.pingKey);',
      'return this.pingKeys.accepts(checked.pingKey);',
    ],
    'engine/spec/rotation.spec.ts',
    'are both new, and those before are refused at once',
  ),
  defence(
    'keeps using credentials of an application that were replaced',
    'the end of the grace period',
    [
      'engine/lib/domain/credentials.ts',
      'return previous && previous.until > now ? [current, previous] : [current];',
      'return previous ? [current, previous] : [current];',
    ],
    'engine/spec/rotation.spec.ts',
    'leave those before good for the grace period',
  ),
  defence(
    'keeps acting as a user or a phone that was deleted',
    'the deletion of the devices',
    [
      'engine/lib/data/memory/users.ts',
      'for (const port of [pairings, devices, fraud]) port.deleteUser(id);',
      '',
    ],
    'engine/spec/deletion.spec.ts',
    'loses its held requests and phones at once, and is unknown afterwards',
  ),
  defence(
    'sends thousands of requests at once on one connection',
    'the limit of requests that wait',
    ['engine/lib/http/request-limits.ts', 'else request.socket.destroy();', ''],
    CONNECTIONS,
    'destroys a connection on which hundreds of requests are sent at once',
  ),
  defence(
    'sends thousands of requests at once on one connection',
    'the limit of requests that are handled',
    ['engine/lib/http/request-limits.ts', 'if (this.running < MAX_RUNNING)', 'if (true)'],
    CONNECTIONS,
    'handles four requests of one connection at one time',
  ),
  defence(
    'reads the metrics again and again',
    'the shared reading',
    ['engine/lib/http/metrics-route.ts', 'reading ??=', 'reading ='],
    CONNECTIONS,
    'reads the figures once for all requests that arrive meanwhile',
  ),
  defence(
    'opens more connections than the engine has files for',
    'the end of idle connections',
    ['engine/lib/http/connections.ts', 'longest?.destroy();', 'void longest;'],
    'engine/spec/cli.spec.ts',
    'answers, and reports it, when clients open more connections than it has files for',
  ),
  defence(
    'sends the body of a request byte by byte',
    'the interval of the checks',
    ['engine/lib/http/server.ts', 'Math.min(TIMEOUT_CHECK_MS, requestTimeoutMs)', '30_000'],
    CONNECTIONS,
    'ends a request whose body arrives byte by byte when its time is over',
  ),
  defence(
    'sends two Host headers, which a proxy and the engine may read differently',
    'the count of Host headers',
    ['engine/lib/http/request-limits.ts', 'if (countHosts(request) > 1) {', 'if (false) {'],
    CONNECTIONS,
    'refuses a request with two Host headers',
  ),
  defence(
    'opens connections and never ends the handshake',
    'the end of connections whose client reads no response',
    [
      'engine/lib/http/server.ts',
      "const unparsed = /^(HPE_|ERR_HTTP_)/.test(error.code ?? '');",
      'const unparsed = true;',
    ],
    'engine/spec/tls.spec.ts',
    'never completes its handshake',
  ),
  defence(
    'can connect to the database, and sends notifications to the engines',
    'the look at what notifications say',
    ['engine/lib/data/sql/announcements.ts', 'changes.filter(isAnnounced)', 'changes'],
    'engine/spec/other-nodes.spec.ts',
    'ignores announcements that no engine sends',
  ),
  defence(
    'asks for what belongs to another application',
    'the look whose request it is',
    [
      'engine/lib/domain/own-request.ts',
      'if (request?.appKey !== app.appKey) return undefined;',
      'if (!request) return undefined;',
    ],
    'engine/spec/poll.spec.ts',
    'for one of another application',
  ),
  defence(
    'asks for what belongs to another application',
    'the look whose request it is',
    [
      'engine/lib/domain/own-request.ts',
      'if (request?.appKey !== app.appKey) return undefined;',
      'if (!request) return undefined;',
    ],
    'engine/spec/logs.spec.ts',
    'for one of another application',
  ),
  defence(
    'reaches the virtual device through a forwarder that leaves no trace',
    'the default of the option',
    [
      'engine/lib/resolve-options.ts',
      'virtualDevices = (publicUrl ?? data ?? databaseUrl) === undefined',
      'virtualDevices = [publicUrl, data, databaseUrl].length > 0',
    ],
    'engine/spec/virtual-devices.spec.ts',
    'are off with',
  ),
  defence(
    'reaches the virtual device through a forwarder that leaves no trace',
    'the look at the option',
    ['engine/lib/http/demo/guard.ts', 'if (!enabled) {', 'if (false) {'],
    'engine/spec/virtual-devices.spec.ts',
    'are reached through a TCP forwarder only where they are on',
  ),
  defence(
    'uses the virtual device from elsewhere',
    'the name in the Host header',
    [
      'engine/lib/http/demo/guard.ts',
      'if (!NAMES.some((name) => named === `${name}:${loopbackPort}`)) {',
      'if (false) {',
    ],
    'engine/spec/authenticator.spec.ts',
    'a name with the right port',
  ),
  defence(
    'uses the virtual device from elsewhere',
    'the look where a call comes from',
    [
      'engine/lib/http/demo/guard.ts',
      "if (site !== undefined && site !== 'same-origin') return false;",
      'return true;',
    ],
    'engine/spec/authenticator.spec.ts',
    'refuses an answer from',
  ),
  defence(
    'asks for a suspended user, to learn that the user is suspended',
    'the refusal of a suspended user',
    [
      'engine/lib/domain/requests.ts',
      'const suspended = user.suspendedAt !== undefined;',
      'const suspended = false;',
    ],
    'engine/spec/suspension.spec.ts',
    'is refused as a user without a device is',
  ),
  defence(
    'reads a copy of a data file, to find what was deleted',
    'the overwriting of deleted text',
    [
      'engine/lib/data/sql/libsql-dialect.ts',
      "this.database.pragma('secure_delete = ON');",
      "this.database.pragma('secure_delete = OFF');",
    ],
    'engine/spec/data/growth.spec.ts',
    'holds nothing of what was deleted',
  ),
];
