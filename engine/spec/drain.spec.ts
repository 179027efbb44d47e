import { Agent, request } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Engine } from '../lib/index.js';
import { start } from './support/engine.js';
import { http } from './support/http.js';

/** Longer than any test: a drain that waits for its end fails the test. */
const LONG_MS = 600_000;

async function probe(engine: Engine, times: number): Promise<(number | string)[]> {
  const replies: (number | string)[] = [];
  for (let time = 0; time < times; time += 1) {
    const { status, text } = await http(`${engine.url}/readyz`);
    replies.push(status, text.trim());
  }
  return replies;
}

/** A request on a connection that is kept, and the response's header Connection. */
function keptConnection(engine: Engine): () => Promise<string | undefined> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  return () =>
    new Promise((resolve, reject) => {
      const sent = request(`${engine.url}/v1/ping`, { agent }, (response) => {
        response.resume().once('end', () => resolve(response.headers.connection));
      });
      sent.once('error', reject).end();
    });
}

describe('an engine that is drained', () => {
  it('goes on serving, not ready, until proxies have noticed and connections have ended', async () => {
    const { engine } = await start();
    const call = keptConnection(engine);
    expect(await call()).toBe('keep-alive');
    expect(await probe(engine, 2)).toEqual([200, 'ok', 200, 'ok']);
    const closed = engine.close({ drainMs: LONG_MS });
    expect(await probe(engine, 2)).toEqual(Array(2).fill([503, 'the engine is stopping']).flat());
    // On the connection that was idle, and on a new one.
    expect(await call()).toBe('close');
    expect(await call()).toBe('close');
    await probe(engine, 1);
    await closed;
    await expect(http(`${engine.url}/readyz`)).rejects.toThrow('ECONNREFUSED');
  });

  it('answers a held poll as if its time were up', async () => {
    const { engine, application } = await start();
    const token = await application.authorize('alice');
    const held = application.poll(token, { wait: 60 });
    await expect
      .poll(async () => (await http(`${engine.url}/metrics`)).text)
      .toContain('launchkey_held_polls 1\n');
    await engine.close({ drainMs: LONG_MS });
    expect((await held).body).toMatchObject({ message_code: 70403 });
  });

  it('closes at once without connections and without a proxy that asks for its readiness', async () => {
    const { engine } = await start();
    await engine.close({ drainMs: LONG_MS });
  });

  it('closes at once when it is closed again', async () => {
    const { engine } = await start();
    await probe(engine, 2);
    const drained = engine.close({ drainMs: LONG_MS });
    await engine.close();
    await drained;
  });
});
