import type { ServerResponse } from 'node:http';
import { ConfigurationError } from '../../errors.js';
import { watchBrowser } from '../../login/browser.js';
import type { Logins } from '../../login/logins.js';
import { cancelLogin, type View, viewLogin } from '../../login/view.js';
import type { LoginRequest } from '../../passport/options.js';
import { bodyFields } from '../body.js';
import type { BrowserSession } from '../browser-session.js';
import { hostError } from '../host-error.js';
import { isSameOrigin } from '../same-origin.js';
import { findAsset } from './assets.js';
import type { WaitingSettings } from './options.js';
import { type Shown, secondsLeft, waitingPage } from './page.js';
import {
  assetReply,
  emptyReply,
  htmlReply,
  jsonReply,
  send,
  textReply,
  type WaitingReply,
} from './reply.js';

/**
 * What the waiting page reads of a request. Those of Express, Connect, NestJS and Fastify have it,
 * and a host that has none of these can make one.
 */
export interface WaitingRequest extends LoginRequest {
  method?: string | undefined;
  /** Path and query, or the whole URL. `originalUrl` counts where there is one. */
  url?: string | undefined;
  originalUrl?: string | undefined;
  /** Aborted when the browser leaves; read only where there is no connection of Node.js. */
  signal?: AbortSignal | undefined;
}

/** Middleware as {@link LaunchKeyStrategy.waiting} makes it. */
export type WaitingHandler = (
  req: WaitingRequest,
  res: ServerResponse,
  next: (err?: any) => void,
) => void;

/** The status of a login, as the script gets it. */
export interface WaitingStatus {
  state: 'pending' | 'answered' | 'denied' | 'expired' | 'finished' | 'unknown';
  /** Seconds until the login expires; 0 when there is nothing to wait for. */
  expiresIn: number;
  /** The number to pick on the device, while pending, where there is one. */
  number?: number;
  /** The engine is out of reach at the moment. */
  away?: true;
}

/** How long a status is held open, in seconds: proxies cut off after 30 or 60. */
const HOLD = 20;
/** How long a page may take that asks an engine which does not answer, in milliseconds. */
const PAGE_PATIENCE = 2000;
/** The status where there is nobody left to read it, as nginx has it in its log. */
const BROWSER_LEFT = 499;

/** See {@link LaunchKeyStrategy.waiting}. */
export function waitingHandler(page: WaitingPage): WaitingHandler {
  return (req, res, next) => {
    page
      .answer(req)
      .then((reply) => send(res, reply))
      .catch((error) => next(hostError(error)));
  };
}

/** Only looks and cancels: it writes nothing to the session, and logs nobody in. */
export class WaitingPage {
  private readonly logins: Logins;
  private readonly browserSession: BrowserSession;
  private readonly settings: WaitingSettings;

  constructor(logins: Logins, browserSession: BrowserSession, settings: WaitingSettings) {
    this.logins = logins;
    this.browserSession = browserSession;
    this.settings = settings;
  }

  async answer(req: WaitingRequest): Promise<WaitingReply> {
    const url = new URL(req.originalUrl ?? req.url ?? '/', 'http://waiting.invalid');
    if (req.method === 'POST') return this.cancel(req, url);
    if (req.method !== 'GET' && req.method !== 'HEAD') {
      return emptyReply(405, { allow: 'GET, HEAD, POST' });
    }
    const asset = findAsset(url);
    if (asset) return assetReply(asset, url.searchParams.get('v'));
    mustHaveSession(req);
    const handle = url.searchParams.get('request') ?? '';
    return wantsJson(req) ? this.status(req, handle) : this.page(req, handle);
  }

  private async status(req: WaitingRequest, handle: string): Promise<WaitingReply> {
    const browser = watchBrowser(req);
    try {
      const view = await this.view(req, handle, () =>
        viewLogin(this.logins, handle, patience(req) * 1000, browser),
      );
      if (view.state === 'left') return emptyReply(BROWSER_LEFT);
      return jsonReply(view.state === 'unknown' ? 404 : 200, statusOf(view));
    } finally {
      browser.release();
    }
  }

  private async page(req: WaitingRequest, handle: string): Promise<WaitingReply> {
    const browser = watchBrowser(req);
    try {
      const view = await this.view(req, handle, () => this.glance(handle, browser));
      if (view.state === 'left') return emptyReply(BROWSER_LEFT);
      const over = view.state === 'finished' && !this.browserSession.hasFinished(req, handle);
      const shown: Shown = over ? { state: 'over' } : view;
      const texts = this.settings.texts(req);
      const fields = this.settings.fields(req);
      const html = waitingPage(shown, { settings: this.settings, texts, fields });
      return htmlReply(shown.state === 'unknown' ? 404 : 200, html, this.settings);
    } finally {
      browser.release();
    }
  }

  /** Asks once. An engine that is slow to answer must not keep the page from being shown. */
  private async glance(handle: string, browser: ReturnType<typeof watchBrowser>): Promise<View> {
    let timer: NodeJS.Timeout | undefined;
    const enough = new Promise<null>((resolve) => {
      timer = setTimeout(resolve, PAGE_PATIENCE, null).unref();
    });
    try {
      const view = await Promise.race([viewLogin(this.logins, handle, 0, browser), enough]);
      if (view) return view;
      const login = await this.logins.get(handle);
      return login ? { state: 'pending', login, away: true } : { state: 'unknown' };
    } finally {
      clearTimeout(timer);
    }
  }

  private async cancel(req: WaitingRequest, url: URL): Promise<WaitingReply> {
    if (!isSameOrigin(req)) return textReply(403, 'This form was sent by another site.\n');
    mustHaveSession(req);
    const form = await readForm(req);
    if (form?.get('action') !== 'cancel') return textReply(400, 'Nothing was done.\n');
    const handle = form.get('request') ?? url.searchParams.get('request') ?? '';
    if (this.browserSession.began(req, handle) && !(await cancelLogin(this.logins, handle))) {
      // Approved just before: the page shows that, and goes on from there.
      const login = await this.logins.get(handle);
      if (login?.state === 'answered' && login.answer?.authorized) {
        return emptyReply(303, { location: `?request=${handle}` });
      }
    }
    return emptyReply(303, { location: this.settings.loginUrl });
  }

  /** Shows a login to the browser that began it, and to nobody else. */
  private async view(
    req: WaitingRequest,
    handle: string,
    look: () => Promise<View>,
  ): Promise<View> {
    if (this.browserSession.hasFinished(req, handle)) return { state: 'finished' };
    return this.browserSession.began(req, handle) ? look() : { state: 'unknown' };
  }
}

function statusOf(view: Exclude<View, { state: 'left' }>): WaitingStatus {
  if (!('login' in view)) return { state: view.state, expiresIn: 0 };
  const { state, login } = view;
  const status: WaitingStatus = { state, expiresIn: secondsLeft(login) };
  if (state === 'pending' && login.number !== undefined) status.number = login.number;
  if (state === 'pending' && view.away) status.away = true;
  return status;
}

/** Seconds for which the client lets a status be held (RFC 7240), within limits. */
function patience({ headers }: WaitingRequest): number {
  const wait = /(?:^|[,;\s])wait=(\d{1,4})/i.exec(String(headers.prefer ?? ''))?.[1];
  return wait === undefined ? HOLD : Math.min(Number(wait), HOLD);
}

function wantsJson({ headers }: WaitingRequest): boolean {
  const accept = headers.accept ?? '';
  return accept.includes('application/json') && !accept.includes('text/html');
}

async function readForm(req: WaitingRequest): Promise<Map<string, string> | null> {
  try {
    const form = new Map<string, string>();
    for (const [name, value] of await bodyFields(req)) {
      if (typeof value === 'string') form.set(name, value);
    }
    return form;
  } catch {
    return null;
  }
}

function mustHaveSession(req: WaitingRequest): void {
  if (req.session) return;
  throw new ConfigurationError(
    'waiting',
    'needs sessions: put session middleware in front of strategy.waiting().',
  );
}
