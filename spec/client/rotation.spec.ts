import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LaunchKeyClient } from 'passport-launchkey';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startWorld } from '../support/world.js';

/** A real engine whose events are handled by the client of the moment. */
async function world() {
  /** The user hash that each attempt to deliver a logout came to; `undefined` for a refusal. */
  const logouts: (string | undefined)[] = [];
  let client: LaunchKeyClient | undefined;
  const server = createServer(async (request, response) => {
    const { searchParams } = new URL(request.url ?? '', 'http://localhost');
    const event = await client?.handleCallback(searchParams).catch(() => undefined);
    if (searchParams.has('deorbit')) logouts.push(event?.userHash);
    response.writeHead(event ? 200 : 400).end();
    server.emit('event');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const callbackUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const started = await startWorld({ callbackUrl, delivery: { backoff: [1] } });
  const { engine, options } = started;
  const start = () => {
    client = new LaunchKeyClient(options);
    return client;
  };
  const approve = async (by: LaunchKeyClient) => {
    const answered = once(server, 'event');
    const authRequest = await by.authorize('alice');
    await engine.answer(authRequest, true);
    await answered;
    return (await by.pollRequest(authRequest))?.userHash;
  };
  const logout = async () => {
    await engine.deorbit('alice');
    while (logouts.at(-1) === undefined) await once(server, 'event');
  };
  const pings = async () => {
    const metrics = await (await fetch(`${engine.url}/metrics`)).text();
    return Number(/^launchkey_calls_total\{call="ping",[^}]*\} (\d+)$/m.exec(metrics)?.[1] ?? 0);
  };
  return { engine, start, approve, logout, logouts, pings };
}

describe('after the engine has rotated its ping key', () => {
  it('a client that knows the key before takes the next logout at once, without a ping', async () => {
    const { engine, start, approve, logout, logouts, pings } = await world();
    const client = start();
    const userHash = await approve(client);
    const before = await pings();
    await engine.rotatePingKey();
    await logout();
    expect(logouts).toEqual([userHash]);
    expect(await pings()).toBe(before);
  });

  it('a client that has pinged since takes it at once', async () => {
    const { engine, start, approve, logout, logouts } = await world();
    const client = start();
    await approve(client);
    await engine.rotatePingKey();
    await client.ping();
    const userHash = await approve(client);
    await logout();
    expect(logouts).toEqual([userHash]);
  });

  it('a client that was restarted takes it at the second attempt, with one ping more', async () => {
    const { engine, start, approve, logout, logouts, pings } = await world();
    await approve(start());
    await engine.rotatePingKey();
    const client = start();
    const userHash = await approve(client);
    const before = await pings();
    await logout();
    expect(logouts).toEqual([undefined, userHash]);
    expect(await pings()).toBe(before + 1);
  });
});
