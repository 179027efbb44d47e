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

/** A refusal of the engine's, in words for people. */
export class EngineRefusal extends Error {}

const API = '/authenticator/api';

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

/** Follows the user's state over one held connection; returns what ends it. */
export function follow(
  user: string,
  onState: (state: UserState) => void,
  onConnection: (connected: boolean) => void,
): () => void {
  const source = new EventSource(`${API}/changes?${new URLSearchParams({ user })}`);
  source.addEventListener('state', (event) => {
    onConnection(true);
    onState(JSON.parse((event as MessageEvent<string>).data));
  });
  source.addEventListener('error', () => onConnection(false));
  return () => source.close();
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
  throw new EngineRefusal(said?.error?.message ?? said?.message ?? 'The engine refused this.');
}
