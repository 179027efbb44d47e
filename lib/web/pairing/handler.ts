import type { ServerResponse } from 'node:http';
// Imported, because the global of a test environment such as an old jsdom has no `canParse`.
import { URL } from 'node:url';
import type { LaunchKeyClient } from '../../client/client.js';
import type { WhiteLabelDevice, WhiteLabelDevicesOptions } from '../../client/white-label.js';
import { InvalidRequestError, NoSuchUserError } from '../../errors.js';
import { type FormFields, readForm } from '../form.js';
import {
  assetReply,
  emptyReply,
  htmlReply,
  jsonReply,
  type PageReply,
  respond,
  textReply,
} from '../reply.js';
import { wantsJson } from '../request.js';
import { isSameOrigin } from '../same-origin.js';
import type { WaitingRequest } from '../waiting/handler.js';
import { ASSETS } from './assets.js';
import type { PairingSettings } from './options.js';
import { type PairingView, pairingPage } from './page.js';

/** Middleware that {@link LaunchKeyStrategy.pairing} returns. */
export type PairingHandler = (
  req: WaitingRequest,
  res: ServerResponse,
  next: (err?: any) => void,
) => void;

/** Makes middleware of the pairing page; see {@link LaunchKeyStrategy.pairing}. */
export function pairingHandler(page: PairingPage): PairingHandler {
  return (req, res, next) => respond(page.answer(req), { req, res, next });
}

/** Pairs, lists, renames and unpairs the phones of the user of a request. */
export class PairingPage {
  private readonly client: LaunchKeyClient;
  private readonly settings: PairingSettings;

  constructor(client: LaunchKeyClient, settings: PairingSettings) {
    this.client = client;
    this.settings = settings;
  }

  /** Answers a request of any method. */
  async answer(req: WaitingRequest): Promise<PageReply> {
    const { method = 'GET' } = req;
    if (!['GET', 'HEAD', 'POST'].includes(method)) {
      return emptyReply(405, { allow: 'GET, HEAD, POST' });
    }
    const url = new URL(req.originalUrl ?? req.url ?? '/', 'http://pairing.invalid');
    const asset = method === 'POST' ? undefined : ASSETS.find(url);
    if (asset) return assetReply(asset, url.searchParams.get('v'));
    const identifier = await this.settings.identifier(req);
    if (typeof identifier !== 'string' || identifier === '') {
      return textReply(401, 'Log in before you pair a phone.\n');
    }
    if (method === 'POST') return this.change(req, identifier);
    if (method === 'HEAD') return emptyReply(200, { 'content-type': 'text/html; charset=utf-8' });
    if (wantsJson(req)) return jsonReply(200, { devices: await this.devices(identifier) });
    const devices = await this.devices(identifier);
    // A picture or frame of another site must not replace the code that the user is typing.
    const offers = devices.length === 0 && isNavigation(req);
    return this.page(req, devices, offers ? { identifier } : {});
  }

  private async change(req: WaitingRequest, identifier: string): Promise<PageReply> {
    if (!isSameOrigin(req)) return textReply(403, 'This form was sent by another site.\n');
    const form = await readForm(req);
    if (form?.get('action') === 'pair') {
      return this.page(req, await this.devices(identifier), { identifier });
    }
    const change = form && readChange(form);
    if (!change) return textReply(400, 'Nothing was changed.\n');
    try {
      await this.client.whiteLabelDevices(identifier, change);
      // An empty query leads to this page, without the form.
      return emptyReply(303, { location: '?' });
    } catch (error) {
      if (!(error instanceof InvalidRequestError || error instanceof NoSuchUserError)) throw error;
      return this.page(req, await this.devices(identifier), { refused: true });
    }
  }

  /** @param extra - `identifier` for a new pairing code of this user. */
  private async page(
    req: WaitingRequest,
    devices: WhiteLabelDevice[],
    { identifier, refused = false }: { identifier?: string; refused?: boolean },
  ): Promise<PageReply> {
    const { settings, client } = this;
    const offer = identifier === undefined ? null : await client.createWhiteLabelUser(identifier);
    const isIphone = /iPhone|iPad/.test(req.headers['user-agent'] ?? '');
    const view: PairingView = { devices, offer, refused, isIphone };
    const html = pairingPage(view, {
      settings,
      texts: settings.texts(req),
      fields: settings.fields(req),
    });
    return htmlReply(refused ? 400 : 200, html, {
      styles: [settings.stylesheet],
      images: [offer?.qrcode],
    });
  }

  /** A user who never asked for a pairing code is not known to the engine. */
  private devices(identifier: string): Promise<WhiteLabelDevice[]> {
    return this.client.whiteLabelDevices(identifier).catch((error) => {
      if (error instanceof NoSuchUserError) return [];
      throw error;
    });
  }
}

function readChange(form: FormFields): WhiteLabelDevicesOptions | null {
  const id = form.get('device') ?? '';
  if (id === '') return null;
  if (form.get('action') === 'unpair') return { unpair: id };
  return form.get('action') === 'rename' ? { rename: { id, name: form.get('name') ?? '' } } : null;
}

function isNavigation({ headers }: WaitingRequest): boolean {
  const destination = headers['sec-fetch-dest'];
  return destination === undefined || destination === 'document';
}
