/**
 * What the browser session remembers of a login that the browser began, since the login may be a
 * decoy, of which no store has a record.
 */
export interface LoginNote {
  /** The name that the user typed. */
  readonly name: string;
  /** Equal for logins of the same name, context and type. */
  readonly kind: string;
  /** The path of the request that started the login, which can finish it, too. */
  readonly path?: string | undefined;
  /** How many times the user had the request sent again. */
  readonly repeats: number;
}

/** Paths that stay on this site and end no directive of a Content-Security-Policy. */
const OWN_PATH = /^\/(?!\/)[^\s"'<>\\;,]*$/;

/** Reads notes from a session; what is not a note is left out. */
export function readNotes(value: unknown): Record<string, LoginNote> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).flatMap(([handle, note]) => {
      const { name, kind, path, repeats } = (note ?? {}) as Partial<LoginNote>;
      if (typeof name !== 'string' || typeof kind !== 'string') return [];
      return [[handle, { name, kind, path: ownPath(path), repeats: Number(repeats) || 0 }]];
    }),
  );
}

/** Returns a path, without its query, if a form of this site may lead there. */
export function ownPath(url: unknown): string | undefined {
  const path = typeof url === 'string' ? url.split(/[?#]/, 1)[0] : undefined;
  return path !== undefined && OWN_PATH.test(path) ? path : undefined;
}
