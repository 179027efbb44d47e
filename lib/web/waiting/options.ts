import { ConfigurationError } from '../../errors.js';
import { ENGLISH, type WaitingTexts } from './texts.js';

/** Options of {@link LaunchKeyStrategy.waiting}. */
export interface WaitingOptions {
  /**
   * The login page, whose POST route finishes the login; a path or an http(s) URL. "Cancel" and
   * "Try again" lead there, too. Default `'/login'`.
   */
  loginUrl?: string | undefined;
  /** Where somebody who is logged in already goes on. Default `'/'`. */
  successUrl?: string | undefined;
  /** Texts to put in the place of the English ones, or a function of the request. */
  texts?: Partial<WaitingTexts> | ((req: any) => Partial<WaitingTexts>) | undefined;
  /**
   * A style sheet that comes after the page's own, a path or an http(s) URL, for colours and logo:
   * see the custom properties in the README.
   */
  stylesheet?: string | undefined;
  /** Hidden fields for the page's forms, such as a CSRF token. */
  fields?: ((req: any) => Record<string, string>) | undefined;
}

/** The options, checked and complete. */
export interface WaitingSettings {
  loginUrl: string;
  successUrl: string;
  stylesheet: string | undefined;
  texts(req: unknown): WaitingTexts;
  fields(req: unknown): Record<string, string>;
}

/** @throws ConfigurationError that names the first unusable option. */
export function waitingSettings(options: WaitingOptions): WaitingSettings {
  const { loginUrl = '/login', successUrl = '/', stylesheet, texts = {}, fields } = options;
  mustBeUrl('loginUrl', loginUrl);
  mustBeUrl('successUrl', successUrl);
  if (stylesheet !== undefined) mustBeUrl('stylesheet', stylesheet);
  if (typeof texts !== 'function') checkTexts(texts);
  if (fields !== undefined && typeof fields !== 'function') {
    throw new ConfigurationError('fields', 'must be a function of the request.');
  }
  return {
    loginUrl,
    successUrl,
    stylesheet,
    texts: (req) => {
      if (typeof texts !== 'function') return { ...ENGLISH, ...texts };
      const own = texts(req);
      checkTexts(own);
      return { ...ENGLISH, ...own };
    },
    fields: (req) => fields?.(req) ?? {},
  };
}

function mustBeUrl(option: string, value: unknown): void {
  // Neither quotes nor what would end a directive of the Content-Security-Policy.
  if (typeof value === 'string' && /^(\/(?!\/)|https?:\/\/)[^\s"'<>\\;,]*$/.test(value)) return;
  throw new ConfigurationError(option, 'must be a path or an http(s) URL.');
}

function checkTexts(texts: unknown): void {
  if (typeof texts !== 'object' || texts === null) {
    throw new ConfigurationError('texts', 'must be an object or a function that returns one.');
  }
  for (const [name, text] of Object.entries(texts)) {
    if (!Object.hasOwn(ENGLISH, name)) {
      throw new ConfigurationError('texts', `has no text '${name}'.`);
    }
    if (typeof text !== 'string') {
      throw new ConfigurationError('texts', `must have a string as '${name}'.`);
    }
  }
}
