import type { Envelope } from '../../domain/envelopes.js';
import { type Parameters, text } from './parameters.js';

/** Room for keys of 8192 bits, broken into lines. */
const LONGEST = 1500;

/** The three parameters that every call but ping carries. */
export function readEnvelope(parameters: Parameters): Envelope {
  return {
    appKey: text(parameters, 'app_key', 20),
    secretKey: text(parameters, 'secret_key', LONGEST),
    signature: text(parameters, 'signature', LONGEST),
  };
}
