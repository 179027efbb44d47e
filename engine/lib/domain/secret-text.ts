/** The plaintext of an envelope's `secret_key`. */
export interface SecretText {
  secret: string;
  stamped: string;
}

/** One `'name': 'value'` of a Python dictionary: with either quote, and with or without a `u`. */
const PAIR = /\s*u?(['"])((?:[^\\]|\\.)*?)\1\s*:\s*u?(['"])((?:[^\\]|\\.)*?)\3\s*(,|$)/gy;

/** Reads the JSON text of most clients, or the Python dictionary of the clients in Python and C. */
export function parseSecretText(text: string): SecretText | undefined {
  const members = fromJson(text) ?? fromDictionary(text);
  const { secret, stamped } = members ?? {};
  if (typeof secret !== 'string' || typeof stamped !== 'string') return undefined;
  return { secret, stamped };
}

function fromJson(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function fromDictionary(text: string): Record<string, unknown> | undefined {
  const inside = /^\s*\{([\s\S]*)\}\s*$/.exec(text)?.[1];
  if (inside === undefined) return undefined;
  const members = new Map<string, string>();
  let end = 0;
  for (const match of inside.matchAll(PAIR)) {
    members.set(match[2] ?? '', (match[4] ?? '').replace(/\\(.)/g, '$1'));
    end = match.index + match[0].length;
  }
  return end === inside.length ? Object.fromEntries(members) : undefined;
}
