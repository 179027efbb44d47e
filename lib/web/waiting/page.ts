import type { LoginStatus } from '../../login/status.js';
import type { LoginRecord } from '../../store/store.js';
import { escapeHtml, fillIn, hiddenFields } from '../html.js';
import { ASSETS } from './assets.js';
import type { WaitingSettings } from './options.js';
import type { WaitingTexts } from './texts.js';

/**
 * The state that the page shows. `over` is a login that was used without logging this browser in.
 */
export type PageState =
  | Exclude<LoginStatus, { state: 'disconnected' }>
  | { readonly state: 'over' };

/** Options of {@link waitingPage}. */
export interface PageOptions {
  settings: WaitingSettings;
  texts: WaitingTexts;
  /** The application's own hidden fields. */
  fields: Record<string, string>;
}

/** A browser without JavaScript reloads the page at this interval. */
const RELOAD_SECONDS = 4;

/** Renders the page. It has a script only if the login is not over. */
export function waitingPage(shown: PageState, { settings, texts, fields }: PageOptions): string {
  const isOpen = 'login' in shown;
  const sections = isOpen
    ? [
        pending(shown, texts, fields),
        answered(shown.login, settings, texts, fields),
        ending('denied', settings, texts),
        ending('expired', settings, texts),
      ]
    : [ending(shown.state, settings, texts)];
  const html = sections.map((section) => toHtml(section, section.state !== shown.state)).join('');
  const title = sections.find(({ state }) => state === shown.state)?.title ?? '';
  return `<!doctype html>
<html lang="${escapeHtml(texts.lang)}" dir="${texts.dir === 'rtl' ? 'rtl' : 'ltr'}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
${shown.state === 'pending' ? `<noscript><meta http-equiv="refresh" content="${RELOAD_SECONDS}"></noscript>\n` : ''}<link rel="icon" href="data:,">
<link rel="stylesheet" href="${escapeHtml(ASSETS.url('waiting.css'))}">
${settings.stylesheet ? `<link rel="stylesheet" href="${escapeHtml(settings.stylesheet)}">\n` : ''}${isOpen ? `<script src="${escapeHtml(ASSETS.url('waiting.js'))}" defer></script>\n` : ''}</head>
<body>
<main${isOpen ? dataFor(shown, texts) : ''}>
<div class="logo" aria-hidden="true"></div>
${html}${isOpen ? '<p class="announcement" role="status" data-announcement></p>\n' : ''}</main>
</body>
</html>
`;
}

/** Returns the whole seconds until the login expires. */
export function secondsLeft({ expiresAt }: LoginRecord): number {
  return Math.max(0, Math.ceil((expiresAt - Date.now()) / 1000));
}

interface Section {
  state: PageState['state'];
  title: string;
  icon: string;
  body: string;
}

function toHtml({ state, title, icon, body }: Section, hidden: boolean): string {
  return `<section data-section="${state}"${hidden ? ' hidden' : ''}>
${icon}
<h1 tabindex="-1">${escapeHtml(title)}</h1>
${body}
</section>
`;
}

/** The data attributes that the script reads. */
function dataFor(shown: PageState & { login: LoginRecord }, texts: WaitingTexts): string {
  const data: Record<string, string> = {
    state: shown.state,
    'expires-in': String(secondsLeft(shown.login)),
    'last-minute': texts.lastMinute,
    back: texts.back,
  };
  return Object.entries(data)
    .map(([name, value]) => ` data-${name}="${escapeHtml(value)}"`)
    .join('');
}

function pending(
  shown: PageState & { login: LoginRecord },
  texts: WaitingTexts,
  fields: Record<string, string>,
): Section {
  const { login } = shown;
  const away = shown.state === 'pending' && shown.away;
  const left = secondsLeft(login);
  const total = Math.ceil((login.expiresAt - login.startedAt) / 1000);
  const username = `<strong><bdi>${escapeHtml(login.username)}</bdi></strong>`;
  const time = `<span data-time>${minutesAndSeconds(left)}</span>`;
  const number =
    login.number === undefined
      ? ''
      : `<p class="number">${escapeHtml(texts.number)} <strong>${login.number}</strong></p>\n`;
  return {
    state: 'pending',
    title: texts.pendingTitle,
    icon: PHONE,
    body: `<p>${fillIn(texts.pendingText, { username })}</p>
${number}<p class="notice" data-away${away ? '' : ' hidden'}>${escapeHtml(texts.away)}</p>
<p class="time">${fillIn(texts.timeLeft, { time })}</p>
<progress aria-hidden="true" max="${total}" value="${left}"></progress>
<noscript><p class="quiet">${fillIn(texts.reloads, { seconds: String(RELOAD_SECONDS) })}</p></noscript>
<form method="post">${hiddenFields(fields)}<button class="second" name="action" value="cancel">${escapeHtml(texts.cancel)}</button></form>`,
  };
}

/** The form that finishes the login. The script submits it when the answer arrives. */
function answered(
  { handle }: LoginRecord,
  { loginUrl }: WaitingSettings,
  texts: WaitingTexts,
  fields: Record<string, string>,
): Section {
  return {
    state: 'answered',
    title: texts.answeredTitle,
    icon: CHECK,
    body: `<p>${escapeHtml(texts.answeredText)}</p>
<form method="post" action="${escapeHtml(loginUrl)}" data-finish>${hiddenFields({ ...fields, request: handle })}<button>${escapeHtml(texts.continue)}</button></form>`,
  };
}

function ending(
  state: 'denied' | 'expired' | 'finished' | 'over' | 'unknown',
  { loginUrl, successUrl }: WaitingSettings,
  texts: WaitingTexts,
): Section {
  const [icon, href, label] = {
    denied: [CROSS, loginUrl, texts.tryAgain],
    expired: [CLOCK, loginUrl, texts.tryAgain],
    finished: [CHECK, successUrl, texts.continue],
    over: [CLOCK, loginUrl, texts.tryAgain],
    unknown: [PHONE_OFF, loginUrl, texts.logIn],
  }[state] as [string, string, string];
  return {
    state,
    title: texts[`${state}Title`],
    icon,
    body: `<p>${escapeHtml(texts[`${state}Text`])}</p>
<p><a class="button" href="${escapeHtml(href)}">${escapeHtml(label)}</a></p>`,
  };
}

function minutesAndSeconds(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

const PHONE = icon(
  'phone',
  '<rect x="14" y="6" width="20" height="36" rx="4"/><path d="M22 36h4"/>',
);
const PHONE_OFF = icon(
  'off',
  '<rect x="14" y="6" width="20" height="36" rx="4"/><path d="M22 36h4M8 8l32 32"/>',
);
const CHECK = icon('good', '<circle cx="24" cy="24" r="18"/><path d="m16 24.5 6 6L33 19"/>');
const CROSS = icon('bad', '<circle cx="24" cy="24" r="18"/><path d="m18 18 12 12m0-12L18 30"/>');
const CLOCK = icon('off', '<circle cx="24" cy="24" r="18"/><path d="M24 14v10l7 5"/>');

function icon(kind: string, shapes: string): string {
  return `<div class="icon ${kind}" aria-hidden="true"><svg viewBox="0 0 48 48" width="48" height="48" fill="none" stroke="currentColor" stroke-width="3" stroke-linecap="round" stroke-linejoin="round">${shapes}</svg></div>`;
}
