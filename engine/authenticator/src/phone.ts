/** What a page shows of its user; times are milliseconds on the engine's clock. */
export interface UserState {
  username: string;
  now: number;
  requests: PendingRequest[];
  withdrawn: WithdrawnRequest[];
  sessions: SessionGroup[];
}

export interface PendingRequest {
  authRequest: string;
  app: { name: string; appKey: string };
  context?: string;
  session: boolean;
  numbers?: string[];
  /** How many digits the user must type, of a number that this page does not know. */
  numberLength?: number;
  policy?: Policy;
  browser?: RequestBrowser;
  createdAt: number;
  expiresAt: number;
}

/** A request that its application took back, because the browser left or its user cancelled. */
export interface WithdrawnRequest {
  authRequest: string;
  app: { name: string; appKey: string };
  /** When it can no longer be reported. */
  reportUntil?: number;
}

/** The browser where the login was started, by the application's word. */
export interface RequestBrowser {
  address?: string;
  name?: string;
  system?: string;
  known?: boolean;
}

export interface Policy {
  minimumRequirements: { all: number; knowledge: number; inherence: number; possession: number };
  locations: Geofence[];
}

export interface Geofence {
  /** Metres. */
  radius: number;
  latitude: number;
  longitude: number;
}

export interface SessionGroup {
  app: { name: string; appKey: string };
  count: number;
  since: number;
  state: 'open' | 'pending clear';
}

export type DenialReason = 'disapproved' | 'fraudulent' | 'policy' | 'number' | 'expired';

export interface Decision {
  approve: boolean;
  /** The number that was picked or typed. */
  number?: string;
  reason?: 'fraudulent';
}

export interface Outcome {
  approved: boolean;
  reason?: DenialReason;
}

/** What answers for the user: the paired one in this browser, or the engine's own for demos. */
export interface Phone<Request extends PendingRequest = PendingRequest> {
  /** Why this request can only be denied, in words for people; `undefined` if it can be approved. */
  hindrance(request: Request): string | undefined;
  /** Rejects with a {@link Cancelled} if the user has thought better of it. */
  answer(request: Request, decision: Decision): Promise<Outcome>;
  endSessions(appKey?: string): Promise<void>;
  /** Reports a withdrawn request as fraud; a phone without this method cannot. */
  report?(request: WithdrawnRequest): Promise<void>;
}

/** The user cannot prove what the request's policy asks for, for the reason that the message gives. */
export class Unproven extends Error {}

/** The user went back before the answer was given. */
export class Cancelled extends Error {}
