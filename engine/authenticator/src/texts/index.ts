import { de } from './de.js';
import { en, type Texts } from './en.js';

/** By language: one more file, one more row. */
const TABLES: Record<string, Texts> = { en, de };

/** The first of the browser's languages that there are texts in; English if there is none. */
export const language =
  navigator.languages.map((tag) => tag.toLowerCase().split('-')[0] ?? '').find(isKnown) ?? 'en';

/** What the page says. */
export const t: Texts = TABLES[language] ?? en;

/** Puts the texts where the page's source names them: `data-text` for content, `data-label` for a name. */
export function translatePage(): void {
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll<HTMLElement>('[data-text]')) {
    element.textContent = named(element.dataset.text);
  }
  for (const element of document.querySelectorAll<HTMLElement>('[data-label]')) {
    element.setAttribute('aria-label', named(element.dataset.label));
  }
}

/** A time of day, with the date unless it is today. */
export function when(time: number): string {
  const date = new Date(time);
  const today = date.toDateString() === new Date().toDateString();
  return new Intl.DateTimeFormat(language, {
    ...(!today && { dateStyle: 'medium' }),
    timeStyle: 'short',
  }).format(date);
}

function named(key = ''): string {
  const text = t[key as keyof Texts];
  if (typeof text !== 'string') throw new Error(`There is no text "${key}".`);
  return text;
}

function isKnown(tag: string): boolean {
  return Object.hasOwn(TABLES, tag);
}
