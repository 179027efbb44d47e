import { type EngineErrorCode, LaunchKeyEngineError } from '../errors.js';

/** An error as plain data, which crosses the boundary of a thread with its code. */
export interface PlainError {
  name: string;
  message: string;
  code?: string;
  stack?: string;
  cause?: PlainError;
}

export function toPlainError(error: unknown): PlainError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { name, message, stack, cause } = error;
  const { code } = error as { code?: unknown };
  return {
    name,
    message,
    stack,
    ...(typeof code === 'string' && { code }),
    ...(cause !== undefined && { cause: toPlainError(cause) }),
  };
}

export function toError({ name, message, code, stack, cause }: PlainError): Error {
  const options = cause && { cause: toError(cause) };
  const error =
    name === 'LaunchKeyEngineError'
      ? new LaunchKeyEngineError(code as EngineErrorCode, message, options)
      : Object.assign(new Error(message, options), { name, ...(code !== undefined && { code }) });
  if (stack !== undefined) error.stack = stack;
  return error;
}
