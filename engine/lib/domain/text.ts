/**
 * Whether a text holds what no name needs and what would mislead a terminal, a log or a database:
 * control characters, line separators, halves of a character.
 */
export function hasControlCharacters(text: string): boolean {
  return /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u.test(text);
}
