import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Engine, startEngine } from 'launchkey-engine';
import { onTestFinished } from 'vitest';

/** What an example is told about the engine. */
export interface Credentials {
  apiBaseUrl: string;
  appKey: string;
  secretKey: string;
  privateKey: string;
}

/** An engine for an example, which sends the example its events. */
export interface ExampleWorld {
  engine: Engine;
  launchkey: Credentials;
  /** Says where the example listens: the engine had to be told before. */
  callbacksTo(url: string): void;
  /** Ends all sessions of a user on the phone; resolves to what the example answers to the event. */
  endOnPhone(user: string): Promise<number>;
}

/** Stands in for an example that is not started yet, and sends on to it what comes. */
export interface Relay {
  /** The callback URL to tell the engine. */
  callbackUrl: string;
  /** Says where the example listens. */
  direct(url: string): void;
  /** Resolves to what the example answers to the next logout. */
  logout(): Promise<number>;
  close(): void;
}

export async function openRelay(): Promise<Relay> {
  let target = '';
  const relay = createServer(async (req, res) => {
    // Without an answer where the example has ended: as it would be without the relay.
    const response = await fetch(target + req.url, { method: req.method }).catch(() => null);
    if (!response) return void res.destroy();
    res.writeHead(response.status).end();
    if (/[?&]deorbit=/.test(req.url ?? '')) relay.emit('logout', response.status);
  });
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
  return {
    callbackUrl: `http://127.0.0.1:${(relay.address() as AddressInfo).port}/launchkey/callback`,
    direct: (url) => {
      target = url;
    },
    logout: async () => (await once(relay, 'logout'))[0] as number,
    close: () => {
      relay.close();
      relay.closeAllConnections();
    },
  };
}

/** Starts an engine whose events go through a relay to `/launchkey/callback` of the example. */
export async function startExampleWorld(users = ['alice', 'bob']): Promise<ExampleWorld> {
  const relay = await openRelay();
  onTestFinished(() => relay.close());
  const engine = await startEngine({ port: 0, rateLimit: false });
  onTestFinished(() => engine.close());
  for (const user of users) await engine.createUser(user);
  const { appKey, secretKey, privateKey } = await engine.createApp({
    name: 'Example',
    callbackUrl: relay.callbackUrl,
  });
  return {
    engine,
    launchkey: { apiBaseUrl: `${engine.url}/v1`, appKey, secretKey, privateKey },
    callbacksTo: relay.direct,
    endOnPhone: async (user) => {
      const answered = relay.logout();
      await engine.deorbit(user);
      return await answered;
    },
  };
}
