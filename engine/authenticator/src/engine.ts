/** What the engine says of a user; times are ISO 8601 in the engine's time. */
export interface UserState {
  username: string;
  hasDevice: boolean;
  now: string;
  requests: PendingRequest[];
  sessions: SessionGroup[];
}

export interface PendingRequest {
  authRequest: string;
  app: { name: string; appKey: string };
  context?: string;
  session: boolean;
  numbers?: string[];
  policy?: Policy;
  createdAt: string;
  expiresAt: string;
}

export interface Policy {
  minimumRequirements: { all: number; knowledge: number; inherence: number; possession: number };
  locations: unknown[];
}

export interface SessionGroup {
  app: { name: string; appKey: string };
  count: number;
  since: string;
  state: 'open' | 'pending clear';
}

export interface Answer {
  authRequest: string;
  approve: boolean;
  number?: string;
  reason?: 'fraudulent';
}

/** A refusal of the engine's, in words for people; without a status if it could not be reached. */
export class EngineRefusal extends Error {
  readonly status?: number;

  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}

const API = '/authenticator/virtual';
/** How long to wait before asking an engine again that has refused, in milliseconds. */
const RETRY = 2000;

export async function loadState(user: string): Promise<UserState> {
  return await call(`${API}/state?${new URLSearchParams({ user })}`);
}

export async function answer(
  user: string,
  given: Answer,
): Promise<{ approved: boolean; reason?: string }> {
  return await post('answer', { user, ...given });
}

export async function endSessions(user: string, appKey?: string): Promise<void> {
  await post('end', { user, appKey });
}

export async function pair(code: string): Promise<{ username: string }> {
  return await post('pair', { code });
}

export interface Follower {
  onState(state: UserState): void;
  onConnection(connected: boolean): void;
  /** There is no such user any more. */
  onGone(message: string): void;
}

/** Follows the user's state over one held connection; returns what ends it. */
export function follow(user: string, follower: Follower): () => void {
  let source: EventSource | undefined;
  let retry: number | undefined;
  let ended = false;
  const open = () => {
    if (ended) return;
    source = new EventSource(`${API}/changes?${new URLSearchParams({ user })}`);
    source.addEventListener('state', (event) => {
      follower.onConnection(true);
      follower.onState(JSON.parse((event as MessageEvent<string>).data));
    });
    source.addEventListener('error', () => {
      follower.onConnection(false);
      // The browser tries again by itself where the connection broke, but not after a refusal.
      if (source?.readyState === EventSource.CLOSED) later();
    });
  };
  const later = () => {
    retry = window.setTimeout(() => {
      loadState(user).then(open, (error: EngineRefusal) => {
        if (ended) return;
        if (error.status === 404) follower.onGone(error.message);
        else later();
      });
    }, RETRY);
  };
  open();
  return () => {
    ended = true;
    source?.close();
    window.clearTimeout(retry);
  };
}

async function post<T>(path: string, body: object): Promise<T> {
  return await call(`${API}/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

async function call<T>(url: string, init?: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch {
    throw new EngineRefusal('The engine cannot be reached. Is it running?');
  }
  if (response.ok) return await response.json();
  const said = await response.json().catch(() => undefined);
  const message = said?.error?.message ?? said?.message ?? 'The engine refused this.';
  throw new EngineRefusal(message, response.status);
}
