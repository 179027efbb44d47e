/**
 * Whether a text holds characters that mislead a terminal, a log or a database: control characters,
 * line separators, lone surrogates.
 */
export function hasControlCharacters(text: string): boolean {
  return /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u.test(text);
}

/**
 * Whether a text holds characters that are not seen: of no width, or such as change the direction of what
 * follows. Two texts can look alike by them.
 */
export function hasInvisibleCharacters(text: string): boolean {
  return /[\p{Cf}\p{Default_Ignorable_Code_Point}]/u.test(text);
}

/** Whether a value is an object that has no other members than these. */
export function hasOnly(value: unknown, members: readonly string[]): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.keys(value).every((name) => members.includes(name));
}
