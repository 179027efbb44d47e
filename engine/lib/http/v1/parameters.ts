import type { FastifyRequest } from 'fastify';
import { incorrectParameter } from './call-refusal.js';
import { decodeValues } from './form.js';

/** The parameters of a call, from its query, form, multipart or JSON body. */
export type Parameters = Readonly<Record<string, unknown>>;

/**
 * Reads the parameters of a call. Old SDKs put them into the query of a `POST` with an empty body, or
 * into a form. The body overrides the query.
 */
export function readParameters(request: FastifyRequest): Parameters {
  const query = request.query as Parameters;
  const body = request.body;
  if (typeof body !== 'object' || body === null) return query;
  if (!request.isMultipart() && Object.keys(query).length === 0) return body as Parameters;
  return { ...query, ...(request.isMultipart() ? decodeValues({ ...body }) : body) };
}

/** Reads an optional parameter. A parameter that is given twice is refused. */
export function optionalText(
  parameters: Parameters,
  name: string,
  maxLength: number,
): string | undefined {
  const value = parameters[name];
  if (value === undefined || value === null) return undefined;
  const text = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
  if (typeof text !== 'string') {
    throw incorrectParameter(name, 'It must be given once, as a string.');
  }
  if (text.length > maxLength) {
    throw incorrectParameter(
      name,
      `It has ${text.length} characters. The maximum is ${maxLength}.`,
    );
  }
  return text;
}

export function text(parameters: Parameters, name: string, maxLength: number): string {
  const value = optionalText(parameters, name, maxLength);
  if (value === undefined || value === '') {
    throw incorrectParameter(name, 'It is missing.');
  }
  return value;
}

/**
 * Reads an optional boolean: `True` and `False` (Python), `1` and `0` (PHP, Java), `true` and `false`
 * (Java, Ruby), or an empty value for false (PHP 0.x, which casts it to a string).
 */
export function optionalBoolean(parameters: Parameters, name: string): boolean | undefined {
  const value = optionalText(parameters, name, 5)?.toLowerCase();
  if (value === undefined) return undefined;
  if (value === 'true' || value === '1') return true;
  if (value === 'false' || value === '0' || value === '') return false;
  throw incorrectParameter(name, 'It must be true or false.');
}
