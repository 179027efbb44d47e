import type { LoginRequest } from '../passport/options.js';

/**
 * The value of a field of the body or else of the query. `a[b]` is the field `b` inside the field
 * `a`, as HTML forms name it. Only what the request itself holds is found.
 */
export function lookup({ body, query }: LoginRequest, field: string): unknown {
  const path = field.replaceAll(']', '').split('[');
  return walk(body, path) ?? walk(query, path);
}

function walk(from: unknown, path: string[]): unknown {
  let value = from;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}
