const MAX_LENGTH = 200;

/** Base64, plain or percent-encoded, of the length that ciphertexts, signatures and tokens have. */
const LONG_RUN = /[A-Za-z0-9+/=_%-]{28,}/g;

/** Makes text of the engine or of a library fit for an error message. */
export type Redact = (text: string) => string | undefined;

/**
 * Returns a function that shortens a text, removes control characters, and replaces whatever is as
 * long as a part of an envelope or a token by `…`. A text that contains the secret key becomes
 * `undefined`.
 */
export function redactor(secretKey: string): Redact {
  const secrets = spellings(secretKey);
  return (text) => {
    if (secrets.some((secret) => text.includes(secret))) return undefined;
    const clean = text
      .replace(LONG_RUN, '…')
      .replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')
      .trim();
    return clean === '' ? undefined : clean.slice(0, MAX_LENGTH);
  };
}

/** The engine's own words, as part of a sentence that ends after them. */
export function quote(engineMessage: string | undefined): string {
  return engineMessage ? `: ${engineMessage.replace(/[.\s]+$/, '')}` : '';
}

/** The secret key as it is, in JSON, and in a form. */
function spellings(secret: string): string[] {
  const form = new URLSearchParams({ secret }).toString().slice('secret='.length);
  return [secret, JSON.stringify(secret).slice(1, -1), form];
}
