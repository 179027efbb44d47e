// Imported, because the global of a test environment such as an old jsdom has no `canParse`.
import { URL } from 'node:url';
import type { WhiteLabelDevice, WhiteLabelUser } from '../../client/white-label.js';
import { escapeHtml, fillIn, hiddenFields } from '../html.js';
import { ASSETS } from './assets.js';
import type { PairingSettings } from './options.js';
import type { PairingTexts } from './texts.js';

/** What the page shows. */
export interface PairingView {
  devices: WhiteLabelDevice[];
  /** A pairing code, or `null` for the list of phones alone. */
  offer: WhiteLabelUser | null;
  /** Whether the engine refused a change. */
  refused: boolean;
  isIphone: boolean;
}

/** Options of {@link pairingPage}. */
export interface PairingPageOptions {
  settings: PairingSettings;
  texts: PairingTexts;
  /** The application's own hidden fields. */
  fields: Record<string, string>;
}

/** The engine accepts a pairing code for this time. */
const CODE_LIFE_SECONDS = 600;
/** A code is shown in groups of this many characters. The engine ignores the hyphen between them. */
const CODE_GROUP_LENGTH = 5;
const MAX_DEVICE_NAME_LENGTH = 50;

/** Renders the page. It has a script only while it shows a pairing code. */
export function pairingPage(view: PairingView, options: PairingPageOptions): string {
  const { offer, devices } = view;
  const { settings, texts } = options;
  const sections = offer
    ? [
        offerSection(offer, view, options),
        section('paired', texts.pairedTitle, paired(options), true),
        section('expired', texts.expiredTitle, expired(options), true),
      ]
    : [section('phones', texts.phonesTitle, phones(view, options))];
  const known = devices.map(({ id }) => id).join(' ');
  const data = ` data-known="${escapeHtml(known)}" data-expires-in="${CODE_LIFE_SECONDS}"`;
  const script = `<script src="${escapeHtml(ASSETS.url('pairing.js'))}" defer></script>\n`;
  return `<!doctype html>
<html lang="${escapeHtml(texts.lang)}" dir="${texts.dir === 'rtl' ? 'rtl' : 'ltr'}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(offer ? texts.pairTitle : texts.phonesTitle)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${escapeHtml(ASSETS.url('pairing.css'))}">
${settings.stylesheet ? `<link rel="stylesheet" href="${escapeHtml(settings.stylesheet)}">\n` : ''}${offer ? script : ''}</head>
<body>
<main class="wide"${offer ? data : ''}>
<div class="logo" aria-hidden="true"></div>
${sections.join('')}${offer ? '<p class="announcement" role="status" data-announcement></p>\n' : ''}</main>
</body>
</html>
`;
}

function section(name: string, title: string, body: string, hidden = false): string {
  return `<section data-section="${name}"${hidden ? ' hidden' : ''}>
<h1 tabindex="-1">${escapeHtml(title)}</h1>
${body}
</section>
`;
}

function offerSection(
  { qrcode, code, url }: WhiteLabelUser,
  { isIphone }: PairingView,
  { texts }: PairingPageOptions,
): string {
  const address = addressOf(url, qrcode);
  const link = `<strong>${escapeHtml(address ?? '')}</strong>`;
  const iphone = address ? fillIn(texts.iphone, { address: link }) : '';
  const steps = isIphone
    ? `<p>${iphone}</p>`
    : `<p>${escapeHtml(texts.scan)}</p>
<img class="qr" src="${escapeHtml(qrcode)}" alt="${escapeHtml(texts.qrAlt)}" width="208" height="208">
${url ? `<p><a class="button" href="${escapeHtml(url)}" rel="noreferrer">${escapeHtml(texts.thisPhone)}</a></p>\n` : ''}<p>${fillIn(texts.typeCode, { address: link })}</p>`;
  const help = `<details class="help"><summary>${escapeHtml(texts.iphoneTitle)}</summary><p>${iphone}</p></details>\n`;
  return section(
    'pair',
    texts.pairTitle,
    `<p>${escapeHtml(texts.pairText)}</p>
${steps}
<strong class="code">${escapeHtml(inGroups(code))}</strong>
<p class="quiet">${fillIn(texts.timeLeft, { time: '<span data-time>10:00</span>' })}</p>
<p class="notice" data-away hidden>${escapeHtml(texts.away)}</p>
${isIphone || !address ? '' : help}<noscript><p>${escapeHtml(texts.reload)}</p><form method="get"><button>${escapeHtml(texts.check)}</button></form></noscript>`,
  );
}

/** The address of the phone's web app, without the secret of the link. */
function addressOf(url: string | undefined, qrcode: string): string | undefined {
  if (url !== undefined) return url.slice(0, url.indexOf('#') >>> 0);
  const match = /^(https?:\/\/.+)\/pairing\/[^/]+$/.exec(qrcode);
  return match && URL.canParse(qrcode) ? `${match[1]}/authenticator` : undefined;
}

function inGroups(code: string): string {
  if (code.length !== 2 * CODE_GROUP_LENGTH) return code;
  return `${code.slice(0, CODE_GROUP_LENGTH)}-${code.slice(CODE_GROUP_LENGTH)}`;
}

function paired({ settings, texts }: PairingPageOptions): string {
  return `<p>${escapeHtml(texts.pairedText)}</p>
<p><a class="button" data-continue href="${escapeHtml(settings.continueUrl)}">${escapeHtml(texts.continue)}</a></p>`;
}

function expired({ texts, fields }: PairingPageOptions): string {
  return `<p>${escapeHtml(texts.expiredText)}</p>
${form({ ...fields, action: 'pair' }, `<button>${escapeHtml(texts.newCode)}</button>`)}`;
}

function phones(view: PairingView, options: PairingPageOptions): string {
  const { settings, texts, fields } = options;
  const { devices, refused } = view;
  const items = devices.map((device) => phone(device, devices.length === 1, options)).join('');
  const label = devices.length === 0 ? texts.pairTitle : texts.another;
  const goOn =
    devices.length === 0
      ? ''
      : `<p><a class="button" href="${escapeHtml(settings.continueUrl)}">${escapeHtml(texts.continue)}</a></p>\n`;
  return `${refused ? `<p class="notice" role="alert">${escapeHtml(texts.refused)}</p>\n` : ''}<ul class="phones">${items}</ul>
${goOn}${form({ ...fields, action: 'pair' }, `<button class="second">${escapeHtml(label)}</button>`)}`;
}

function phone(
  { id, name, pairedAt }: WhiteLabelDevice,
  isLast: boolean,
  { texts, fields }: PairingPageOptions,
): string {
  const shown = `<bdi>${escapeHtml(name)}</bdi>`;
  const day = `<time datetime="${pairedAt.toISOString()}">${escapeHtml(dayOf(pairedAt, texts.lang))}</time>`;
  const text = isLast ? texts.unpairLastText : texts.unpairText;
  const rename = `<label>${escapeHtml(texts.newName)}<input name="name" required maxlength="${MAX_DEVICE_NAME_LENGTH}" value="${escapeHtml(name)}" autocomplete="off"></label><button>${escapeHtml(texts.save)}</button>`;
  const unpair = `<p>${fillIn(text, { name: `<strong>${shown}</strong>` })}</p><button class="second">${fillIn(texts.unpairNow, { name: shown })}</button>`;
  return `<li><p><strong>${shown}</strong></p><p class="quiet">${fillIn(texts.pairedAt, { time: day })}</p>
<details><summary>${escapeHtml(texts.rename)}<span class="announcement"> ${shown}</span></summary>${form({ ...fields, action: 'rename', device: id }, rename)}</details>
<details><summary>${escapeHtml(texts.unpair)}<span class="announcement"> ${shown}</span></summary>${form({ ...fields, action: 'unpair', device: id }, unpair)}</details></li>
`;
}

function form(fields: Record<string, string>, content: string): string {
  return `<form method="post">${hiddenFields(fields)}${content}</form>`;
}

function dayOf(time: Date, lang: string): string {
  const [locale = 'en'] = Intl.DateTimeFormat.supportedLocalesOf([lang]);
  return new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: 'UTC' }).format(time);
}
