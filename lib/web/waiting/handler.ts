import type { ServerResponse } from 'node:http';
import { ConfigurationError } from '../../errors.js';
import type { Connection } from '../../login/connection.js';
import type { Logins } from '../../login/logins.js';
import { type LoginStatus, readStatus } from '../../login/status.js';
import { withTimeout } from '../../util/timers.js';
import type { BrowserSession } from '../browser-session.js';
import { watchConnection } from '../connection.js';
import { type CrossSiteOption, isForeign } from '../cross-site.js';
import { readForm } from '../form.js';
import type { KnownBrowsers } from '../known-browser.js';
import {
  assetReply,
  emptyReply,
  htmlReply,
  jsonReply,
  type PageReply,
  type PageSources,
  respond,
  textReply,
} from '../reply.js';
import { type LoginRequest, wantsJson } from '../request.js';
import { ASSETS } from './assets.js';
import type { WaitingSettings } from './options.js';
import { isExplained, type PageState, secondsLeft, waitingPage } from './page.js';

/**
 * The members of a request that the waiting page reads. The requests of Express, Connect, NestJS
 * and Fastify have them, and other hosts can make such an object.
 */
export interface WaitingRequest extends LoginRequest {
  /** The HTTP method. */
  method?: string | undefined;
  /** The path and query, or the whole URL. `originalUrl` takes precedence. */
  url?: string | undefined;
  /** The path and query before a host removed a mount path, as in Express. */
  originalUrl?: string | undefined;
  /** Aborted when the browser disconnects. Read only if there is no connection of Node.js. */
  signal?: AbortSignal | undefined;
}

/** Middleware that {@link LaunchKeyStrategy.waiting} returns. */
export type WaitingHandler = (
  req: WaitingRequest,
  res: ServerResponse,
  next: (err?: any) => void,
) => void;

/** The status of a login, as the script of the waiting page gets it. */
export interface WaitingStatus {
  /** How far the login is; `'answered'` means that it can be finished. */
  state: 'pending' | 'answered' | 'denied' | 'expired' | 'finished' | 'unknown';
  /** Seconds until the login expires; 0 if it is over. */
  expiresIn: number;
  /** The number to type or pick on the device, while pending, with number matching. */
  number?: number;
  /** Present while the engine cannot be reached. */
  away?: true;
  /**
   * Why the login was denied, unless the user just declined it: `'cancelled'` in the browser, a wrong
   * `'number'` on the device, or reported as `'fraudulent'`.
   */
  reason?: 'cancelled' | 'number' | 'fraudulent';
}

/** A status request is held for this time; proxies cut connections after 30 or 60 seconds. */
const MAX_HOLD_SECONDS = 20;
/** The page is shown after this time, even if the engine has not answered. */
const PAGE_TIMEOUT_MS = 2000;
/** The status after the browser has disconnected. nginx logs the same one. */
const CLIENT_CLOSED_REQUEST = 499;

/** Makes middleware of the waiting page; see {@link LaunchKeyStrategy.waiting}. */
export function waitingHandler(page: Pick<WaitingPage, 'answer'>): WaitingHandler {
  return (req, res, next) => respond(page.answer(req), { req, res, next });
}

/** Shows and cancels a login. Writes nothing to the session, and does not log in. */
export class WaitingPage {
  private readonly logins: Logins;
  private readonly browserSession: BrowserSession;
  private readonly settings: WaitingSettings;
  private readonly crossSite: CrossSiteOption;
  private readonly knownBrowsers: KnownBrowsers | null;

  constructor(
    logins: Logins,
    browserSession: BrowserSession,
    settings: WaitingSettings,
    crossSite: CrossSiteOption,
    knownBrowsers: KnownBrowsers | null,
  ) {
    this.logins = logins;
    this.browserSession = browserSession;
    this.settings = settings;
    this.crossSite = crossSite;
    this.knownBrowsers = knownBrowsers;
  }

  /** Answers a request of any method. */
  async answer(req: WaitingRequest): Promise<PageReply> {
    const url = new URL(req.originalUrl ?? req.url ?? '/', 'http://waiting.invalid');
    if (req.method === 'POST') return this.cancel(req, url);
    if (req.method !== 'GET' && req.method !== 'HEAD') {
      return emptyReply(405, { allow: 'GET, HEAD, POST' });
    }
    const asset = ASSETS.find(url);
    if (asset) return assetReply(asset, url.searchParams.get('v'));
    requireSession(req);
    const handle = url.searchParams.get('request') ?? this.browserSession.shownLogin(req) ?? '';
    const connection = watchConnection(req);
    try {
      return await (wantsJson(req)
        ? this.status(req, handle, connection)
        : this.page(req, url, handle, connection));
    } finally {
      connection.release();
    }
  }

  private async status(
    req: WaitingRequest,
    handle: string,
    connection: Connection,
  ): Promise<PageReply> {
    const maxWaitMs = holdSeconds(req) * 1000;
    const status = await this.ownStatus(req, handle, () =>
      readStatus(this.logins, handle, { connection, maxWaitMs }),
    );
    if (status.state === 'disconnected') return emptyReply(CLIENT_CLOSED_REQUEST);
    return jsonReply(status.state === 'unknown' ? 404 : 200, jsonStatus(status));
  }

  private async page(
    req: WaitingRequest,
    url: URL,
    handle: string,
    connection: Connection,
  ): Promise<PageReply> {
    const status = await this.ownStatus(req, handle, () => this.currentStatus(handle, connection));
    if (status.state === 'disconnected') return emptyReply(CLIENT_CLOSED_REQUEST);
    const { settings, browserSession } = this;
    const usedElsewhere = status.state === 'finished' && !browserSession.hasFinished(req, handle);
    const state: PageState = usedElsewhere ? { state: 'over' } : (limited(status, url) ?? status);
    const note = browserSession.noteOf(req, handle);
    // A host that mounts both at one path cannot finish a login here.
    const path = note?.path === url.pathname ? undefined : note?.path;
    const html = waitingPage(state, {
      settings,
      texts: settings.texts(req),
      fields: settings.fields(req),
      handle,
      note: note && { ...note, path },
      repeatable: note !== undefined && (await this.logins.get(handle)) !== null,
    });
    return htmlReply(state.state === 'unknown' ? 404 : 200, html, sourcesOf(settings));
  }

  /** Asks the engine once, and does not wait long for it, so that the page is shown in any case. */
  private async currentStatus(handle: string, connection: Connection): Promise<LoginStatus> {
    const question = readStatus(this.logins, handle, { connection, maxWaitMs: 0 });
    const status = await withTimeout(question, PAGE_TIMEOUT_MS, () => null);
    if (status) return status;
    const login = await this.logins.get(handle);
    return login ? { state: 'pending', login, away: true } : { state: 'unknown' };
  }

  private async cancel(req: WaitingRequest, url: URL): Promise<PageReply> {
    if (isForeign(req, this.crossSite)) {
      return textReply(403, 'This form was sent by another site.\n');
    }
    requireSession(req);
    const form = await readForm(req);
    if (form?.get('action') !== 'cancel') return textReply(400, 'Nothing was changed.\n');
    const handle = form.get('request') ?? url.searchParams.get('request') ?? '';
    if (this.browserSession.hasBegun(req, handle)) {
      const cancelled = await this.logins.cancel(handle);
      const login = cancelled ? null : await this.logins.get(handle);
      // The user approved just before: the page shows that, and continues from there.
      if (login?.state === 'answered' && login.answer?.authorized) {
        return emptyReply(303, { location: `?request=${handle}` });
      }
      // Otherwise the record says so, but a decoy has none.
      if (this.logins.conceals) this.browserSession.cancel(req, [handle]);
    }
    return emptyReply(303, { location: this.settings.loginUrl });
  }

  /** Reads the status of a login, which is `unknown` to all browsers but the one that began it. */
  private async ownStatus(
    req: WaitingRequest,
    handle: string,
    read: () => Promise<LoginStatus>,
  ): Promise<LoginStatus> {
    if (this.browserSession.hasFinished(req, handle)) return { state: 'finished' };
    if (this.browserSession.hasCancelled(req, handle)) {
      return { state: 'denied', reason: 'cancelled' };
    }
    if (!this.browserSession.hasBegun(req, handle)) return { state: 'unknown' };
    const status = await read();
    if (status.state === 'denied' && status.reason === 'fraudulent') {
      await this.forgetReported(req, handle);
    }
    return status;
  }

  /** A browser whose request was reported as fraud is no longer known to this user. */
  private async forgetReported(req: WaitingRequest, handle: string): Promise<void> {
    const login = this.knownBrowsers && (await this.logins.get(handle));
    if (login) this.knownBrowsers?.forget(req, login.username);
  }
}

function sourcesOf({ loginUrl, finishUrl, successUrl, stylesheet }: WaitingSettings): PageSources {
  return { styles: [stylesheet], forms: [loginUrl, finishUrl, successUrl] };
}

/** The login route sends the browser here with `wait` if the login could not be sent again. */
function limited(status: LoginStatus, { searchParams }: URL): PageState | null {
  const wait = searchParams.get('wait');
  const isOver = status.state === 'denied' || status.state === 'expired';
  return isOver && wait !== null && /^\d{1,5}$/.test(wait)
    ? { state: 'limited', retryAfter: Number(wait) }
    : null;
}

function jsonStatus(status: Exclude<LoginStatus, { state: 'disconnected' }>): WaitingStatus {
  if (status.state === 'denied' && isExplained(status.reason)) {
    return { state: 'denied', expiresIn: 0, reason: status.reason };
  }
  if (!('login' in status)) return { state: status.state, expiresIn: 0 };
  const { state, login } = status;
  const json: WaitingStatus = { state, expiresIn: secondsLeft(login) };
  if (state === 'pending' && login.number !== undefined) json.number = login.number;
  if (state === 'pending' && status.away) json.away = true;
  return json;
}

/** The seconds for which the client lets a status be held (RFC 7240, `Prefer: wait`), limited. */
function holdSeconds({ headers }: WaitingRequest): number {
  const wait = /(?:^|[,;\s])wait=(\d{1,4})/i.exec(String(headers.prefer ?? ''))?.[1];
  return wait === undefined ? MAX_HOLD_SECONDS : Math.min(Number(wait), MAX_HOLD_SECONDS);
}

function requireSession(req: WaitingRequest): void {
  if (req.session) return;
  throw new ConfigurationError(
    'waiting',
    'needs sessions, but the request has no session. Put session middleware in front of strategy.waiting().',
  );
}
