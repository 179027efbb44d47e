import { once } from 'node:events';
import { Agent, createServer, request } from 'node:http';
import http2 from 'node:http2';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { LaunchKeyStrategy, LoginInfo } from 'passport-launchkey';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { EngineProxy } from '../support/proxy.js';
import { nextRequest, recordingStrategy, startWorld } from '../support/world.js';

/** Calls a strategy as Passport does: on a copy of it for each request, with the actions. */
function logIn(strategy: LaunchKeyStrategy, req: object, answer: (how: string) => void) {
  const copy = Object.create(strategy);
  copy.success = (user: { id: string }) => answer(`in as ${user.id}`);
  copy.fail = ({ code }: LoginInfo) => answer(code);
  copy.error = (error: Error) => answer(error.name);
  const { url = '/' } = req as { url?: string };
  const username = url.length > 1 ? url.slice(1) : 'alice';
  copy.authenticate(Object.assign(req, { body: { username } }), {});
}

describe('the connections of browsers', () => {
  it('carry many logins with keep-alive, and keep no listener', async () => {
    const world = await startWorld();
    const { strategy } = recordingStrategy(world);
    let answer: (how: string) => void = () => {};
    const server = createServer((req, res) => logIn(strategy, req, (how) => res.end(how)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const sockets = new Set<Socket>();
    server.on('connection', (socket) => sockets.add(socket));
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => {
      agent.destroy();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    let before: number | undefined;
    for (let n = 0; n < 12; n++) {
      const seen = new Promise<string>((resolve) => {
        answer = resolve;
      });
      request({ port, agent, method: 'POST' }, (response) => {
        response.setEncoding('utf8').on('data', (text) => answer(text));
      }).end();
      await world.engine.answer(await nextRequest(world.engine), n % 2 === 0);
      expect(await seen).toMatch(n % 2 === 0 ? /^in as / : /^denied$/);
      const [socket] = sockets;
      before ??= socket?.listenerCount('close');
      expect(socket?.listenerCount('close')).toBe(before);
    }
    expect(sockets.size).toBe(1);
  });

  it('carry many pipelined logins without a warning, and end all of them when they close', async () => {
    const users = Array.from({ length: 15 }, (_, n) => `user${n}`);
    const world = await startWorld({ users });
    const proxy = await new EngineProxy(world.engine.url).start();
    const { strategy } = recordingStrategy(world, { apiBaseUrl: `${proxy.url}/v1` });
    const warnings: Error[] = [];
    const warned = (warning: Error) => warnings.push(warning);
    process.on('warning', warned);
    onTestFinished(() => void process.off('warning', warned));
    const server = createServer((req, res) => logIn(strategy, req, (how) => res.end(how)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const browser = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const allCall = (wanted: string) =>
      new Promise<void>((resolve) => {
        let calls = 0;
        proxy.on('call', ({ path }) => {
          if (path === wanted && ++calls === users.length) resolve();
        });
      });
    const waiting = allCall('/v1/poll');
    const withdrawn = allCall('/v1/logs');
    for (const user of users) browser.write(`POST /${user} HTTP/1.1\r\nHost: app\r\n\r\n`);
    await waiting;
    expect(warnings.filter(({ name }) => name === 'MaxListenersExceededWarning')).toEqual([]);
    browser.destroy();
    await withdrawn;
    for (const user of users) {
      await vi.waitFor(async () => expect(await world.engine.requests(user)).toEqual([]));
    }
  });

  it('send no push when they are closed before the login starts', async () => {
    const world = await startWorld({ users: ['alice', 'bob'] });
    const { strategy } = recordingStrategy(world);
    const server = createServer(async (req, res) => {
      if (req.url !== '/bob') {
        req.socket.destroy();
        await once(req.socket, 'close');
      }
      logIn(strategy, req, (how) => res.end(how));
      if (req.url !== '/bob') begun();
    });
    let begun: () => void = () => {};
    const tried = new Promise<void>((resolve) => {
      begun = resolve;
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await expect(fetch(`${url}/alice`, { method: 'POST' })).rejects.toThrow();
    await tried;
    // This login starts later, so a push to alice would have come before.
    const seen = fetch(`${url}/bob`, { method: 'POST' });
    await world.engine.answer(await nextRequest(world.engine, 'bob'), false);
    expect(await (await seen).text()).toBe('denied');
    expect(await world.engine.requests('alice')).toEqual([]);
  });

  it('carry many logins over HTTP/2, where a cancelled stream ends its own login only', async () => {
    const world = await startWorld();
    const { strategy, verified } = recordingStrategy(world);
    const server = http2.createServer((req, res) => logIn(strategy, req, (how) => res.end(how)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const client = http2.connect(`http://127.0.0.1:${port}`);
    onTestFinished(() => {
      client.destroy();
      server.close();
    });
    const ask = () => client.request({ ':method': 'POST', ':path': '/' });
    const cancelled = ask();
    const first = await nextRequest(world.engine);
    const stays = ask();
    let text = '';
    stays.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
    });
    let second = first;
    while (second === first) {
      const requests = await world.engine.requests('alice');
      second = requests.find(({ authRequest }) => authRequest !== first)?.authRequest ?? first;
      await new Promise(setImmediate);
    }
    cancelled.close(http2.constants.NGHTTP2_CANCEL);
    await once(cancelled, 'close');
    await world.engine.answer(second, true);
    await once(stays, 'end');
    expect(text).toBe(`in as ${verified[0]}`);
    expect(verified).toHaveLength(1);
  });
});
