import type { SessionData } from 'express-session';

declare module 'express-session' {
  interface SessionData {
    /** Where Passport puts its reasons, with `failureMessage: true`. */
    messages?: string[];
  }
}

/** The last reason that Passport left for the next page; it is shown once. */
export function takeMessage(session: Partial<SessionData>): string | undefined {
  const message = session.messages?.at(-1);
  delete session.messages;
  return message;
}
