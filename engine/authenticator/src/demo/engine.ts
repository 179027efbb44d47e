import type { Decision, Outcome, PendingRequest, Phone, UserState } from '../phone.js';
import { t } from '../texts/index.js';

/** A refusal of the engine's, in words for people; without a status if it could not be reached. */
export class EngineRefusal extends Error {
  readonly status?: number;

  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}

/** Beside the page, whatever path a proxy has put before both. */
const API = new URL('../virtual', import.meta.url).href;
/** How long to wait before asking an engine again that has refused, in milliseconds. */
const RETRY = 2000;

/** The virtual device of a user. A person at the engine's machine answers on it. */
export class VirtualPhone implements Phone {
  private readonly user: string;

  constructor(user: string) {
    this.user = user;
  }

  hindrance({ app, policy }: PendingRequest): string | undefined {
    if (!policy) return undefined;
    const { all, knowledge, inherence, possession } = policy.minimumRequirements;
    const one = all <= 1 && possession <= 1 && knowledge === 0 && inherence === 0;
    return one && policy.locations.length === 0 ? undefined : t.onlyDeny(app.name);
  }

  async answer({ authRequest }: PendingRequest, decision: Decision): Promise<Outcome> {
    return await post('answer', { user: this.user, authRequest, ...decision });
  }

  async endSessions(appKey?: string): Promise<void> {
    await post('end', { user: this.user, appKey });
  }
}

export async function loadState(user: string): Promise<UserState> {
  return readState(await call(`${API}/state?${new URLSearchParams({ user })}`));
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
      follower.onState(readState(JSON.parse((event as MessageEvent<string>).data)));
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

/** A state with times as this device has them, in ISO 8601. */
type SentState = Omit<UserState, 'now' | 'requests' | 'sessions'> & {
  now: string;
  requests: Sent<UserState['requests'][number], 'createdAt' | 'expiresAt'>[];
  sessions: Sent<UserState['sessions'][number], 'since'>[];
};

type Sent<T, Times extends keyof T> = Omit<T, Times> & Record<Times, string>;

function readState(state: SentState): UserState {
  return {
    ...state,
    now: Date.parse(state.now),
    requests: state.requests.map((request) => ({
      ...request,
      createdAt: Date.parse(request.createdAt),
      expiresAt: Date.parse(request.expiresAt),
    })),
    sessions: state.sessions.map((session) => ({ ...session, since: Date.parse(session.since) })),
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
    throw new EngineRefusal(t.unreachable);
  }
  if (response.ok) return await response.json();
  const said = await response.json().catch(() => undefined);
  const message = said?.error?.message ?? said?.message ?? t.errors.unavailable;
  throw new EngineRefusal(message, response.status);
}
