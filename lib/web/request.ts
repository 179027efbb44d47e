import type { IncomingHttpHeaders } from 'node:http';

/**
 * The members of a request that the strategy reads. The requests of Express, Connect, NestJS and
 * Fastify have them.
 */
export interface LoginRequest {
  // `any`, because each host gives these members a type of its own.
  body?: any;
  query?: any;
  session?: any;
  headers: IncomingHttpHeaders;
}

/**
 * Returns the value of a field of the body, or else of the query. `a[b]` names the field `b` inside
 * the field `a`, as in HTML forms. Inherited properties are not fields.
 */
export function readField({ body, query }: LoginRequest, field: string): unknown {
  const path = field.replaceAll(']', '').split('[');
  return valueAt(body, path) ?? valueAt(query, path);
}

/** Whether a script asks for a status, and not a browser for a page. */
export function wantsJson({ headers }: Pick<LoginRequest, 'headers'>): boolean {
  const accept = headers.accept ?? '';
  return accept.includes('application/json') && !accept.includes('text/html');
}

function valueAt(container: unknown, path: string[]): unknown {
  let value = container;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}
