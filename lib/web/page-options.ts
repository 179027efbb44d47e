import { inspect } from 'node:util';
import { ConfigurationError } from '../errors.js';

/** The number of characters of a wrong value that an error message shows. */
const MAX_SHOWN_LENGTH = 42;

/** @throws ConfigurationError if the option is neither a path nor an http(s) URL. */
export function checkUrl(option: string, value: unknown): void {
  // No quotes, and no characters that would end a directive of the Content-Security-Policy.
  if (typeof value === 'string' && /^(\/(?!\/)|https?:\/\/)[^\s"'<>\\;,]*$/.test(value)) return;
  throw new ConfigurationError(
    option,
    `must be a path or an http(s) URL, got ${inspect(value).slice(0, MAX_SHOWN_LENGTH)}.`,
  );
}

/**
 * Checks the texts that replace those of a page.
 *
 * @param english - the page's own texts.
 * @param type - the name of their type, for the error message.
 * @throws ConfigurationError that names the first unknown or unusable text.
 */
export function checkTexts(texts: unknown, english: object, type: string): void {
  if (typeof texts !== 'object' || texts === null) {
    throw new ConfigurationError(
      'texts',
      'must be an object, or a function of the request that returns one.',
    );
  }
  for (const [name, text] of Object.entries(texts)) {
    if (!Object.hasOwn(english, name)) {
      throw new ConfigurationError('texts', `has an unknown member '${name}'; see ${type}.`);
    }
    if (typeof text !== 'string') {
      throw new ConfigurationError(
        'texts',
        `must have a string as member '${name}', got a value of type ${typeof text}.`,
      );
    }
  }
}
