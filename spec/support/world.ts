import { once } from 'node:events';
import { get } from 'node:http';
import { type Engine, startEngine } from 'launchkey-engine';
import { LaunchKeyStrategy, type LaunchKeyStrategyOptionsWithoutRequest } from 'passport-launchkey';
import { onTestFinished } from 'vitest';

/** A real engine with one application, and what its strategy needs. */
export interface World {
  engine: Engine;
  /** Options of a strategy or a client for the application. */
  options: {
    apiBaseUrl: string;
    appKey: string;
    secretKey: string;
    privateKey: string;
  };
  /** The public key by which the engine's devices encrypt for the application. */
  publicKey: string;
}

type EngineOptions = NonNullable<Parameters<typeof startEngine>[0]>;

/** Starts an engine on a free port; it is closed when the test is finished. */
export async function startWorld({
  users = ['alice'],
  callbackUrl,
  ...engineOptions
}: EngineOptions & { users?: string[]; callbackUrl?: string } = {}): Promise<World> {
  const engine = await startEngine({
    port: 0,
    rateLimit: false,
    virtualDevices: true,
    ...engineOptions,
  });
  onTestFinished(() => engine.close());
  for (const user of users) await engine.createUser(user);
  const { publicKey, appKey, secretKey, privateKey } = await engine.createApp({
    name: 'Spec',
    callbackUrl,
  });
  const options = { apiBaseUrl: `${engine.url}/v1`, appKey, secretKey, privateKey };
  return { engine, publicKey, options };
}

/**
 * A strategy for the world's application, whose verify records the users that it was asked about. It
 * matches no numbers unless it is told to, so that approvals need none. After `refuseEveryone()`, verify admits no one.
 */
export function recordingStrategy(
  world: World,
  overrides: Partial<LaunchKeyStrategyOptionsWithoutRequest> = {},
): { strategy: LaunchKeyStrategy; verified: string[]; refuseEveryone(): void } {
  const verified: string[] = [];
  let admits = true;
  const options = { ...world.options, numberMatching: false, ...overrides };
  const strategy = new LaunchKeyStrategy(options, async (userHash) => {
    if (!admits) return false;
    verified.push(userHash);
    return { id: userHash };
  });
  const refuseEveryone = () => {
    admits = false;
  };
  return { strategy, verified, refuseEveryone };
}

/** The next request that a user's virtual device shows; resolves as soon as there is one. */
export async function nextRequest(engine: Engine, user = 'alice'): Promise<string> {
  const query = new URLSearchParams({ user });
  const changes = get(`${engine.url}/authenticator/virtual/changes?${query}`, { agent: false });
  try {
    const [states] = await once(changes, 'response');
    for await (const _ of states) {
      const [request] = await engine.requests(user);
      if (request) return request.authRequest;
    }
    throw new Error(`The engine closed before a request for ${user} arrived.`);
  } finally {
    changes.destroy();
  }
}
