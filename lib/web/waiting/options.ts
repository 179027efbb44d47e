import { ConfigurationError } from '../../errors.js';
import { checkTexts, checkUrl } from '../page-options.js';
import { ENGLISH, type WaitingTexts } from './texts.js';

/** Options of {@link LaunchKeyStrategy.waiting}. */
export interface WaitingOptions {
  /**
   * The path or http(s) URL of the login page, to which the page returns after "Cancel". Default
   * `'/login'`.
   */
  loginUrl?: string | undefined;
  /**
   * The path or http(s) URL to which the page posts to finish the login, or to start it again: a
   * route with `passport.authenticate()`. Default: the path at which the login was started.
   */
  finishUrl?: string | undefined;
  /** The path or http(s) URL to which a user continues who is logged in already. Default `'/'`. */
  successUrl?: string | undefined;
  /**
   * Texts that replace English ones, or a function of the request that returns them. Default: the
   * English texts.
   */
  texts?: Partial<WaitingTexts> | ((req: any) => Partial<WaitingTexts>) | undefined;
  /**
   * The path or http(s) URL of a style sheet that follows the page's own. It can set the custom
   * properties for colours and logo. Default: none.
   */
  stylesheet?: string | undefined;
  /** Returns hidden fields for the page's forms, such as a CSRF token. Default: none. */
  fields?: ((req: any) => Record<string, string>) | undefined;
}

/** The options, checked and with defaults. */
export interface WaitingSettings {
  loginUrl: string;
  finishUrl: string | undefined;
  successUrl: string;
  stylesheet: string | undefined;
  texts(req: unknown): WaitingTexts;
  fields(req: unknown): Record<string, string>;
}

/**
 * Checks the options of the waiting page, and adds the defaults.
 *
 * @throws ConfigurationError that names the first unusable option.
 */
export function waitingSettings(options: WaitingOptions): WaitingSettings {
  const { loginUrl = '/login', finishUrl, successUrl = '/', stylesheet, fields } = options;
  const { texts = {} } = options;
  checkUrl('loginUrl', loginUrl);
  if (finishUrl !== undefined) checkUrl('finishUrl', finishUrl);
  checkUrl('successUrl', successUrl);
  if (stylesheet !== undefined) checkUrl('stylesheet', stylesheet);
  if (typeof texts !== 'function') checkTexts(texts, ENGLISH, 'WaitingTexts');
  if (fields !== undefined && typeof fields !== 'function') {
    throw new ConfigurationError('fields', 'must be a function of the request.');
  }
  return {
    loginUrl,
    finishUrl,
    successUrl,
    stylesheet,
    texts: (req) => {
      if (typeof texts !== 'function') return { ...ENGLISH, ...texts };
      const own = texts(req);
      checkTexts(own, ENGLISH, 'WaitingTexts');
      return { ...ENGLISH, ...own };
    },
    fields: (req) => fields?.(req) ?? {},
  };
}
