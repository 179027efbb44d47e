import type { IncomingMessage, ServerResponse } from 'node:http';
import type { EventParameters } from '../client/events.js';
import { ConfigurationError } from '../errors.js';
import type { EventOptions, EventResult } from '../login/events.js';
import { eventReply } from './callback.js';
import type { PairingOptions } from './pairing/options.js';
import { emptyReply, type PageReply, respond } from './reply.js';
import type { WaitingRequest } from './waiting/handler.js';
import type { WaitingOptions } from './waiting/options.js';

/** Options of {@link LaunchKeyStrategy.handler}: those of its endpoints together. */
export interface HandlerOptions extends EventOptions, WaitingOptions {
  /**
   * Returns the application's own name of the user who is logged in, for the pairing page. Without
   * it, `/pair` responds with 404. Default: none. See {@link PairingOptions.identifier}.
   */
  identifier?: PairingOptions['identifier'] | undefined;
  /** More options of the pairing page. Default: those of {@link PairingOptions}. */
  pairing?: Omit<PairingOptions, 'identifier'> | undefined;
}

/** Middleware that {@link LaunchKeyStrategy.handler} returns. */
export type LaunchKeyHandler = (
  req: IncomingMessage & WaitingRequest,
  res: ServerResponse,
  next: (err?: any) => void,
) => void;

/** The endpoints under one mount path. */
export interface Endpoints {
  handleEvent(params: EventParameters): Promise<EventResult>;
  waitingPage: Page;
  /** Absent without an identifier. */
  pairingPage: Page | undefined;
}

interface Page {
  answer(req: WaitingRequest): Promise<PageReply>;
}

type EndpointName = 'callback' | 'wait' | 'pair';

/** @throws ConfigurationError for an unusable option that no endpoint checks. */
export function checkHandlerOptions({ onLogout, identifier }: HandlerOptions): void {
  for (const [name, option] of Object.entries({ onLogout, identifier })) {
    if (option === undefined || typeof option === 'function') continue;
    throw new ConfigurationError(name, `is of type ${typeof option}. Pass a function.`);
  }
}

/** Makes middleware of the endpoints. Other paths are left to the application. */
export function mountedHandler(endpoints: Endpoints): LaunchKeyHandler {
  return (req, res, next) => {
    // Express and Connect remove the mount path from `url`. Without one, `/oauth/callback` of the
    // application must not be taken.
    const name = /^\/(callback|wait|pair)\/?$/.exec(pathOf(req.url))?.[1];
    if (name === undefined) return next();
    respond(replyOf(endpoints, name as EndpointName, req), { req, res, next });
  };
}

/** Answers a request to one of the endpoints, whatever the mount path is; others get 404. */
export async function answerEndpoint(
  endpoints: Endpoints,
  req: WaitingRequest,
): Promise<PageReply> {
  const path = pathOf(req.originalUrl ?? req.url);
  const name = /\/(callback|wait|pair)\/?$/.exec(path)?.[1];
  return name === undefined ? emptyReply(404) : replyOf(endpoints, name as EndpointName, req);
}

async function replyOf(
  { handleEvent, waitingPage, pairingPage }: Endpoints,
  name: EndpointName,
  req: WaitingRequest,
): Promise<PageReply> {
  if (name === 'callback') return eventReply(handleEvent, req);
  const page = name === 'wait' ? waitingPage : pairingPage;
  return page ? page.answer(req) : emptyReply(404);
}

function pathOf(url = '/'): string {
  return new URL(url, 'http://handler.invalid').pathname;
}
