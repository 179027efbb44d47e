import { ConfigurationError } from '../../errors.js';
import { checkTexts, checkUrl } from '../page-options.js';
import { ENGLISH, type PairingTexts } from './texts.js';

/** Options of {@link LaunchKeyStrategy.pairing}. */
export interface PairingOptions {
  /**
   * Returns the application's own permanent name of the user who is logged in or has just
   * registered, such as the id of the account. The engine keeps the user under this name. It must
   * not contain `> < ) ( @ : ; &`, so an e-mail address does not fit. Required. A request without
   * a user, for which it returns `undefined`, `null` or `''`, gets 401.
   */
  identifier: (req: any) => string | null | undefined | Promise<string | null | undefined>;
  /** The path or http(s) URL to which the page continues when a phone is paired. Default `'/'`. */
  continueUrl?: string | undefined;
  /**
   * Texts that replace English ones, or a function of the request that returns them. Default: the
   * English texts.
   */
  texts?: Partial<PairingTexts> | ((req: any) => Partial<PairingTexts>) | undefined;
  /**
   * The path or http(s) URL of a style sheet that follows the page's own. It can set the same custom
   * properties as that of the waiting page. Default: none.
   */
  stylesheet?: string | undefined;
  /** Returns hidden fields for the page's forms, such as a CSRF token. Default: none. */
  fields?: ((req: any) => Record<string, string>) | undefined;
}

/** The options, checked and with defaults. */
export interface PairingSettings {
  identifier: PairingOptions['identifier'];
  continueUrl: string;
  stylesheet: string | undefined;
  texts(req: unknown): PairingTexts;
  fields(req: unknown): Record<string, string>;
}

/**
 * Checks the options of the pairing page, and adds the defaults.
 *
 * @throws ConfigurationError that names the first unusable option.
 */
export function pairingSettings(options: PairingOptions): PairingSettings {
  const { identifier, continueUrl = '/', stylesheet, texts = {}, fields } = options ?? {};
  if (typeof identifier !== 'function') {
    throw new ConfigurationError(
      'identifier',
      'must be a function of the request that returns the permanent name of its user.',
    );
  }
  checkUrl('continueUrl', continueUrl);
  if (stylesheet !== undefined) checkUrl('stylesheet', stylesheet);
  if (typeof texts !== 'function') checkTexts(texts, ENGLISH, 'PairingTexts');
  if (fields !== undefined && typeof fields !== 'function') {
    throw new ConfigurationError('fields', 'must be a function of the request.');
  }
  return {
    identifier,
    continueUrl,
    stylesheet,
    texts: (req) => {
      if (typeof texts !== 'function') return { ...ENGLISH, ...texts };
      const own = texts(req);
      checkTexts(own, ENGLISH, 'PairingTexts');
      return { ...ENGLISH, ...own };
    },
    fields: (req) => fields?.(req) ?? {},
  };
}
