import type { FastifyRequest } from 'fastify';
import { Reason, Refusal } from '../../domain/refusal.js';
import { decodeValues } from './form.js';

/** The parameters of a call, wherever they travelled: query, form, multipart or JSON. */
export type Parameters = Readonly<Record<string, unknown>>;

/**
 * Old SDKs put parameters into the query of a `POST` with an empty body, or into a form; where both
 * are there, the body is what the client says last.
 */
export function readParameters(request: FastifyRequest): Parameters {
  const query = request.query as Parameters;
  const body = request.body;
  if (typeof body !== 'object' || body === null) return query;
  return { ...query, ...(request.isMultipart() ? decodeValues({ ...body }) : body) };
}

/** A text that may be left out. Given twice it has no one meaning, and is refused. */
export function optionalText(
  parameters: Parameters,
  name: string,
  longest: number,
): string | undefined {
  const value = parameters[name];
  if (value === undefined || value === null) return undefined;
  const text = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
  if (typeof text !== 'string') {
    throw new Refusal(Reason.incorrectData, { [name]: 'It must be given once, as a text.' });
  }
  if (text.length > longest) {
    throw new Refusal(Reason.incorrectData, {
      [name]: `It has ${text.length} characters; at most ${longest} are allowed.`,
    });
  }
  return text;
}

export function text(parameters: Parameters, name: string, longest: number): string {
  const value = optionalText(parameters, name, longest);
  if (value === undefined || value === '') {
    throw new Refusal(Reason.incorrectData, { [name]: 'It is missing.' });
  }
  return value;
}

/**
 * `True` and `False` (Python), `1` and `0` (PHP, Java), `true` and `false` (Java, Ruby), nothing for
 * false (PHP 0.x, which casts it to a text). `undefined` where the parameter is missing.
 */
export function optionalBoolean(parameters: Parameters, name: string): boolean | undefined {
  const value = optionalText(parameters, name, 5)?.toLowerCase();
  if (value === undefined) return undefined;
  if (value === 'true' || value === '1') return true;
  if (value === 'false' || value === '0' || value === '') return false;
  throw new Refusal(Reason.incorrectData, { [name]: 'It must be true or false.' });
}
