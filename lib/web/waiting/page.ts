import type { LoginStatus } from '../../login/status.js';
import type { LoginRecord } from '../../store/store.js';
import { escapeHtml, fillIn, hiddenFields } from '../html.js';
import type { LoginNote } from '../login-notes.js';
import { ASSETS } from './assets.js';
import type { WaitingSettings } from './options.js';
import type { WaitingTexts } from './texts.js';

/**
 * The state that the page shows. `over` is a login that was used without logging this browser in;
 * `limited` one that could not be sent again.
 */
export type PageState =
  | Exclude<LoginStatus, { state: 'disconnected' }>
  | { readonly state: 'over' }
  | { readonly state: 'limited'; readonly retryAfter: number };

/** Options of {@link waitingPage}. */
export interface PageOptions {
  settings: WaitingSettings;
  texts: WaitingTexts;
  /** The application's own hidden fields. */
  fields: Record<string, string>;
  /** The handle of the login. */
  handle: string;
  /** What the browser session remembers of the login. */
  note: LoginNote | undefined;
  /** Whether the login can be started again with the same name. */
  repeatable: boolean;
}

/** A browser without JavaScript reloads the page at this interval. */
const RELOAD_SECONDS = 4;
/**
 * "Send again" is offered this many seconds after each request. An engine takes three requests a
 * minute, and five without an approval before it makes its user wait.
 */
const REPEAT_AFTER_SECONDS = [10, 20, 30, 30];
/** The sections of denials, by the reason. The other reasons have the section `denied`. */
const DENIALS = {
  cancelled: 'cancelled',
  number: 'wrongNumber',
  fraudulent: 'reported',
} as const satisfies Record<string, EndSection>;

type EndSection =
  | 'denied'
  | 'wrongNumber'
  | 'reported'
  | 'cancelled'
  | 'expired'
  | 'finished'
  | 'over'
  | 'limited'
  | 'unknown';
type SectionName = EndSection | 'pending' | 'answered';

/** How a waiting login may end while the page is open. */
const POSSIBLE_ENDS: EndSection[] = ['denied', 'wrongNumber', 'reported', 'cancelled', 'expired'];

/** Renders the page. It has a script only if the login is not over. */
export function waitingPage(shown: PageState, options: PageOptions): string {
  const { settings, texts } = options;
  const isOpen = 'login' in shown;
  const current = sectionOf(shown);
  const ends = isOpen ? POSSIBLE_ENDS : [current as EndSection];
  const sections = ends.map((name) => ending(name, shown, options));
  if (isOpen) sections.unshift(pending(shown, options), answered(options));
  const html = sections.map((section) => toHtml(section, section.name !== current)).join('');
  const title = sections.find(({ name }) => name === current)?.title ?? '';
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
<main${isOpen ? dataFor(shown, options) : ''}>
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
  name: SectionName;
  title: string;
  icon: string;
  body: string;
}

/** The reason of a denial chooses its section; see {@link WaitingStatus}. */
function sectionOf(shown: PageState): SectionName {
  if (shown.state !== 'denied') return shown.state;
  return isExplained(shown.reason) ? DENIALS[shown.reason] : 'denied';
}

/** Returns the reason of a denial that has a section of its own. */
function reasonOf(name: SectionName): string | undefined {
  return Object.entries(DENIALS).find(([, section]) => section === name)?.[0];
}

/** Whether the page explains a denial for this reason by a text of its own. */
export function isExplained(reason: string | undefined): reason is keyof typeof DENIALS {
  return reason !== undefined && Object.hasOwn(DENIALS, reason);
}

function toHtml({ name, title, icon, body }: Section, hidden: boolean): string {
  const reason = reasonOf(name);
  // Only the script looks for a reason, and only among the ends that may come.
  const attribute = hidden && reason !== undefined ? ` data-reason="${reason}"` : '';
  const section = reason === undefined ? name : 'denied';
  return `<section data-section="${section}"${attribute}${hidden ? ' hidden' : ''}>
${icon}
<h1 tabindex="-1">${escapeHtml(title)}</h1>
${body}
</section>
`;
}

/** The data attributes that the script reads. */
function dataFor(
  shown: PageState & { login: LoginRecord },
  { texts, handle, note, repeatable }: PageOptions,
): string {
  const repeatAt = repeatable ? repeatFrom(shown.login, note) : undefined;
  const data: Record<string, string> = {
    state: shown.state,
    request: handle,
    'expires-in': String(secondsLeft(shown.login)),
    ...(repeatAt !== undefined && { 'repeat-at': String(repeatAt) }),
    'last-minute': texts.lastMinute,
    back: texts.back,
  };
  return Object.entries(data)
    .map(([name, value]) => ` data-${name}="${escapeHtml(value)}"`)
    .join('');
}

/** Returns how many seconds are left when "Send again" is offered; `undefined` if it never is. */
function repeatFrom(
  { startedAt, expiresAt }: LoginRecord,
  note: LoginNote | undefined,
): number | undefined {
  const pause = REPEAT_AFTER_SECONDS[note?.repeats ?? 0];
  return pause === undefined ? undefined : Math.ceil((expiresAt - startedAt) / 1000) - pause;
}

function pending(shown: PageState & { login: LoginRecord }, options: PageOptions): Section {
  const { texts, fields, handle, note, repeatable } = options;
  const { login } = shown;
  const away = shown.state === 'pending' && shown.away;
  const left = secondsLeft(login);
  const total = Math.ceil((login.expiresAt - login.startedAt) / 1000);
  const username = `<strong><bdi>${escapeHtml(note?.name ?? login.username)}</bdi></strong>`;
  const time = `<span data-time>${minutesAndSeconds(left)}</span>`;
  const cancel = { ...fields, request: handle };
  const repeatAt = repeatable ? repeatFrom(login, note) : undefined;
  const repeat =
    repeatAt === undefined
      ? ''
      : `<div data-repeat${left > repeatAt ? ' hidden' : ''}><p class="quiet">${escapeHtml(texts.help)}</p>
${repeatForm(texts.sendAgain, 'second', options)}</div>
`;
  return {
    name: 'pending',
    title: texts.pendingTitle,
    icon: PHONE,
    body: `<p>${fillIn(texts.pendingText, { username })}</p>
${numberLine(login, texts)}<p class="notice" data-away${away ? '' : ' hidden'}>${escapeHtml(texts.away)}</p>
<p class="time">${fillIn(texts.timeLeft, { time })}</p>
<progress aria-hidden="true" max="${total}" value="${left}"></progress>
<noscript><p class="quiet">${fillIn(texts.reloads, { seconds: String(RELOAD_SECONDS) })}</p></noscript>
${repeat}<form method="post">${hiddenFields(cancel)}<button class="second" name="action" value="cancel">${escapeHtml(texts.cancel)}</button></form>`,
  };
}

/** A number to pick has two digits, and one to type has more. */
function numberLine({ number }: LoginRecord, texts: WaitingTexts): string {
  if (number === undefined) return '';
  if (number < 100) {
    return `<p class="number">${escapeHtml(texts.number)} <strong>${number}</strong></p>\n`;
  }
  return `<p class="number typed">${escapeHtml(texts.numberToType)} <strong>${inGroups(number)}</strong></p>\n`;
}

/** Groups of three digits are easier to keep in mind. The phone accepts the blank, too. */
function inGroups(number: number): string {
  return String(number).replace(/(?<=^\d{3})(?=\d{3}$)/, '&nbsp;');
}

/** The form that finishes the login. The script submits it when the answer arrives. */
function answered({ texts, fields, handle, ...options }: PageOptions): Section {
  return {
    name: 'answered',
    title: texts.answeredTitle,
    icon: CHECK,
    body: `<p>${escapeHtml(texts.answeredText)}</p>
<form method="post" action="${escapeHtml(finishUrl(options))}" data-finish>${hiddenFields({ ...fields, request: handle })}<button>${escapeHtml(texts.continue)}</button></form>`,
  };
}

function ending(name: EndSection, shown: PageState, options: PageOptions): Section {
  const { settings, texts } = options;
  const { loginUrl, successUrl } = settings;
  const retryAfter = shown.state === 'limited' ? shown.retryAfter : 0;
  const text = fillIn(texts[`${name}Text`], { time: minutesAndSeconds(retryAfter) });
  const link = {
    finished: linkTo(successUrl, texts.continue),
    unknown: linkTo(loginUrl, texts.logIn),
  }[name as string];
  const repeat = options.repeatable
    ? `${repeatForm(texts.tryAgain, '', options)}
<p><a href="${escapeHtml(loginUrl)}">${escapeHtml(texts.backToLogin)}</a></p>`
    : linkTo(loginUrl, texts.tryAgain);
  return {
    name,
    title: texts[`${name}Title`],
    icon: ICONS[name],
    body: `<p>${text}</p>\n${link ?? repeat}`,
  };
}

function linkTo(url: string, label: string): string {
  return `<p><a class="button" href="${escapeHtml(url)}">${escapeHtml(label)}</a></p>`;
}

/** The form that starts the login again, with the same name, context and policy. */
function repeatForm(label: string, style: string, options: PageOptions): string {
  const { fields, handle } = options;
  const hidden = hiddenFields({ ...fields, request: handle, again: '1' });
  return `<form method="post" action="${escapeHtml(finishUrl(options))}">${hidden}<button${style && ` class="${style}"`}>${escapeHtml(label)}</button></form>`;
}

/** A login that was started at `loginUrl` is finished there, with the query of that URL. */
function finishUrl({ settings, note }: Pick<PageOptions, 'settings' | 'note'>): string {
  const { finishUrl: url, loginUrl } = settings;
  const path = note?.path;
  return url ?? (path === undefined || path === loginUrl.split(/[?#]/, 1)[0] ? loginUrl : path);
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

const ICONS: Record<EndSection, string> = {
  denied: CROSS,
  wrongNumber: CROSS,
  reported: CROSS,
  cancelled: CROSS,
  expired: CLOCK,
  finished: CHECK,
  over: CLOCK,
  limited: CLOCK,
  unknown: PHONE_OFF,
};

function icon(kind: string, shapes: string): string {
  return `<div class="icon ${kind}" aria-hidden="true"><svg viewBox="0 0 48 48" width="48" height="48" fill="none" stroke="currentColor" stroke-width="3" stroke-linecap="round" stroke-linejoin="round">${shapes}</svg></div>`;
}
