import type { Engine } from '../../lib/index.js';
import { CallbackServer } from './callback-server.js';
import type { CallFailed, Host, SdkProcess, Verdict } from './sdk-process.js';
import type { SimulatedClock } from './simulated-clock.js';

const MINUTE_MS = 60_000;
const REQUEST_LIFE_MS = 5 * MINUTE_MS;
/** The application ends a login that is older than this. */
const LOGIN_LIFE_MS = 6 * MINUTE_MS;
const EXPIRED = 70404;
const CONTEXT = 'Überweisung für Müller';

/** What the user does with a login, and how the application learns of it. */
interface Plan {
  answer: 'approve' | 'deny' | 'none';
  session: boolean;
  byEvent: boolean;
}

interface Login {
  authRequest: string;
  username: string;
  askedAt: number;
  plan: Plan;
  userHash: string;
  /** Whether the event of the answer has come. */
  evented: boolean;
  told: Promise<Verdict | undefined>;
  tell: (verdict: Verdict | undefined) => void;
}

/** How an application uses its SDK. */
export interface LifeOptions {
  make: (host: Host) => SdkProcess;
  /** How far the clock of its machine is from that of the engine, in milliseconds. Default: 0. */
  skew?: number;
  /** Whether it has a callback URL. Default: it polls, and so finds out that a session has ended. */
  events?: boolean;
  /** Whether a process must be restarted within a day of a rotation. */
  keepsKey?: boolean;
}

/** What became of the logins of an application. */
export interface Tally {
  logins: number;
  denials: number;
  expiries: number;
  /** Sessions that ended because their user logged out on the phone. */
  logouts: number;
  /** Sessions that the application ended. */
  endings: number;
}

/** The engine that is running now, and the time. */
export interface World {
  readonly engine: Engine;
  readonly url: string;
  readonly clock: SimulatedClock;
}

/**
 * An application with one of the SDKs in one process, and its users, minute by minute. What should not
 * be is written down and not thrown, so that one application's fault does not end the others' lives.
 */
export class ApplicationLife {
  readonly tally: Tally = { logins: 0, denials: 0, expiries: 0, logouts: 0, endings: 0 };
  readonly wrong: string[] = [];
  /**
   * Identifiers of the logout events that the application could not verify at first. An attempt may
   * come twice: with a clock that jumps, the engine takes some for lost.
   */
  private readonly unverifiedEvents = new Set<string | null>();
  process: SdkProcess;
  private readonly world: World;
  private readonly makeProcess: (host: Host) => SdkProcess;
  private readonly host: Host;
  private readonly users: string[];
  private readonly callback: CallbackServer | undefined;
  private readonly past: SdkProcess[] = [];
  private readonly unanswered = new Set<Login>();
  private readonly open = new Map<string, Login>();
  private readonly loggingOut = new Set<string>();
  private current: Login | undefined;
  private logoutTaken = () => {};

  private constructor(
    world: World,
    makeProcess: (host: Host) => SdkProcess,
    host: Host,
    users: string[],
    callback: CallbackServer | undefined,
  ) {
    this.world = world;
    this.makeProcess = makeProcess;
    this.host = host;
    this.process = makeProcess(host);
    this.users = users;
    this.callback = callback;
  }

  static async begin(
    world: World,
    { make, skew = 0, events = false }: LifeOptions,
  ): Promise<ApplicationLife> {
    let life: ApplicationLife | undefined;
    const take = async (event: URLSearchParams) => (await life?.take(event)) ?? 503;
    const callback = events ? await CallbackServer.open(take) : undefined;
    const credentials = await world.engine.createApp({ name: 'Shop', callbackUrl: callback?.url });
    const users = [1, 2, 3].map((number) => `user-${number}-of-${credentials.appKey}`);
    for (const user of users) await world.engine.createUser(user);
    const now = () => world.clock.now() + skew;
    life = new ApplicationLife(world, make, { url: world.url, credentials, now }, users, callback);
    return life;
  }

  /** A user types a name. */
  async ask(minute: number): Promise<void> {
    const username = this.users[minute % this.users.length] as string;
    const plan = this.plan(minute);
    this.current = undefined;
    await this.attempt('authorize', async () => {
      const options = { session: plan.session, context: CONTEXT };
      const authRequest = await this.process.authorize(username, options);
      const askedAt = this.world.clock.now();
      let tell: Login['tell'] = () => {};
      const told = new Promise<Verdict | undefined>((resolve) => {
        tell = resolve;
      });
      this.current = {
        authRequest,
        username,
        askedAt,
        plan,
        userHash: '',
        evented: false,
        told,
        tell,
      };
    });
  }

  /** The application polls before there is an answer. */
  async pollEarly(): Promise<void> {
    const login = this.current;
    if (!login || login.plan.byEvent) return;
    await this.attempt('poll', async () => {
      const verdict = await this.process.poll(login.authRequest);
      if (verdict) this.fault(login, 'an answer before the user gave one');
    });
  }

  /** The user answers, or does not. */
  async answer(): Promise<void> {
    const login = this.current;
    if (!login) return;
    if (this.process.sendsContext) await this.attempt('look', () => this.look(login));
    const { answer } = login.plan;
    if (answer === 'none') {
      this.unanswered.add(login);
      this.current = undefined;
      return;
    }
    await this.world.engine.answer(login.authRequest, answer === 'approve');
  }

  /** The application learns of the answer. */
  async finish(): Promise<void> {
    await Promise.all([...this.unanswered].map(async (login) => await this.pollUnanswered(login)));
    const login = this.current;
    if (!login) return;
    const verdict = login.plan.byEvent
      ? await login.told
      : await this.attempt('poll', async () => await this.process.poll(login.authRequest));
    this.conclude(login, verdict);
  }

  /** The application ends what has been open for long. */
  async endOld(): Promise<void> {
    if (!this.process.endsSessions) return;
    const now = this.world.clock.now();
    for (const login of this.open.values()) {
      if (now - login.askedAt < LOGIN_LIFE_MS || this.loggingOut.has(login.username)) continue;
      this.open.delete(login.authRequest);
      await this.attempt('end', async () => {
        await this.process.endSession(login.authRequest);
        this.tally.endings += 1;
      });
    }
  }

  /** The user with the newest session logs out on the phone. */
  async logOutOnPhone(): Promise<void> {
    const newest = [...this.open.values()].at(-1);
    if (!newest) return;
    const { username } = newest;
    this.loggingOut.add(username);
    const taken = new Promise<void>((resolve) => {
      this.logoutTaken = resolve;
    });
    await this.world.engine.deorbit(username, this.host.credentials.appKey);
    if (this.callback) await taken;
    else await this.attempt('poll', async () => await this.findEnded(username));
  }

  /** Number of logouts that were verified at a second attempt. */
  get unverified(): number {
    return this.unverifiedEvents.size;
  }

  /** Whether each logout has reached the application. */
  get settled(): boolean {
    return this.loggingOut.size === 0;
  }

  /** Restarts the process, as an operator does after a rotation. */
  restart(): void {
    this.past.push(this.process);
    this.process.close();
    this.process = this.makeProcess(this.host);
  }

  get calls(): number {
    return [...this.past, this.process].reduce((sum, { calls }) => sum + calls, 0);
  }

  /** What the engine refused, but for what the life itself brings with it. */
  get refused(): string[] {
    const expected = [EXPIRED, ...this.process.ownFaults];
    return [...this.past, this.process]
      .flatMap(({ refusals }) => refusals)
      .filter(({ code }) => !expected.includes(code))
      .map(({ call, status, code }) => `${call}: ${status} ${code}`);
  }

  /** The engine and the application agree on who is logged in. */
  async compare(): Promise<void> {
    for (const user of this.loggingOut) this.wrong.push(`the logout of ${user} never arrived`);
    for (const username of this.users) {
      const sessions = await this.world.engine.sessions(username);
      const there = sessions.filter(({ state }) => state === 'open');
      const here = [...this.open.values()].filter((login) => login.username === username);
      const [engine, application] = [there, here].map((all) =>
        all
          .map(({ authRequest }) => authRequest)
          .sort()
          .join(' '),
      );
      if (engine !== application)
        this.wrong.push(`sessions of ${username}: engine ${engine}, application ${application}`);
    }
  }

  close(): void {
    this.process.close();
    this.callback?.close();
  }

  private plan(minute: number): Plan {
    const answer = minute % 10 === 3 ? 'deny' : minute % 30 === 17 ? 'none' : 'approve';
    const session =
      this.process.sessionsOnly ||
      (this.process.endsSessions ? minute % 4 !== 2 : minute % 10 === 0);
    const byEvent = this.callback !== undefined && answer !== 'none' && minute % 3 === 1;
    return { answer, session, byEvent };
  }

  /** What the phone shows is what the application sent. */
  private async look({ authRequest, username }: Login): Promise<void> {
    const pending = await this.world.engine.requests(username);
    const shown = pending.find((request) => request.authRequest === authRequest);
    if (!shown) this.wrong.push(`${authRequest} is not on the phone`);
    else if (shown.context !== CONTEXT) {
      this.wrong.push(`the phone shows ${JSON.stringify(shown.context)}`);
    }
  }

  private async pollUnanswered(login: Login): Promise<void> {
    const over = this.world.clock.now() - login.askedAt >= REQUEST_LIFE_MS;
    try {
      const verdict = await this.process.poll(login.authRequest);
      if (verdict) this.fault(login, 'an answer that no user gave');
      if (!over || (this.process.saysWhy && !verdict)) return;
    } catch (error) {
      if (!over || (error as CallFailed).code !== EXPIRED) this.fault(login, String(error));
    }
    this.unanswered.delete(login);
    this.tally.expiries += 1;
  }

  private conclude(login: Login, verdict: Verdict | undefined): void {
    const approved = login.plan.answer === 'approve';
    if (verdict?.approved !== approved) {
      this.fault(login, `${verdict?.approved} for ${login.plan.answer}`);
    } else if (!approved) {
      this.tally.denials += 1;
    } else {
      this.tally.logins += 1;
      login.userHash = verdict.userHash;
      if (login.plan.session) this.open.set(login.authRequest, login);
    }
  }

  private async take(event: URLSearchParams): Promise<number> {
    if (event.has('deorbit')) return await this.takeLogout(event);
    const login = this.current;
    const expected = login?.authRequest === event.get('auth_request') && login.plan.byEvent;
    // Events come at least once: with a clock that jumps, the engine takes some for lost.
    if (expected && !login.evented) {
      login.evented = true;
      login.tell(await this.attempt('event', () => this.process.readAnswerEvent(event)));
    }
    return 200;
  }

  /** 400 for what the SDK does not trust: then the engine sends it again. */
  private async takeLogout(event: URLSearchParams): Promise<number> {
    try {
      await this.process.prepareLogout();
      const userHash = await this.process.readLogout(event);
      if (userHash === undefined) {
        this.unverifiedEvents.add(event.get('event_id'));
        return 400;
      }
      await this.logOut(userHash);
      return 200;
    } catch (error) {
      this.wrong.push(`logout: ${error}`);
      return 500;
    } finally {
      this.logoutTaken();
    }
  }

  private async logOut(userHash: string): Promise<void> {
    for (const login of this.open.values()) {
      if (login.userHash !== userHash) continue;
      this.open.delete(login.authRequest);
      this.loggingOut.delete(login.username);
      this.tally.logouts += 1;
      await this.process.endSession(login.authRequest);
    }
  }

  /** Without events, an application asks again and is told nothing of a session that has ended. */
  private async findEnded(username: string): Promise<void> {
    for (const login of [...this.open.values()]) {
      const lives = await this.lives(login.authRequest);
      if (lives === (login.username === username)) this.fault(login, `polls as if open: ${lives}`);
      if (lives) continue;
      this.open.delete(login.authRequest);
      this.tally.logouts += 1;
      if (this.process.endsSessions) await this.process.endSession(login.authRequest);
    }
    this.loggingOut.delete(username);
  }

  private async lives(authRequest: string): Promise<boolean> {
    try {
      return (await this.process.fetchAnswer(authRequest)) !== undefined;
    } catch (error) {
      if ((error as CallFailed).code === EXPIRED) return false;
      throw error;
    }
  }

  private async attempt<T>(what: string, make: () => Promise<T>): Promise<T | undefined> {
    try {
      return await make();
    } catch (error) {
      this.wrong.push(`${what}: ${error}`);
      return undefined;
    }
  }

  private fault(login: Login, what: string): void {
    this.wrong.push(`${login.authRequest} of ${login.username}: ${what}`);
  }
}
