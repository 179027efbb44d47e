import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import {
  Agent,
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { programPath } from './shared.js';
import type { World } from './world.js';

/** What a process of the application is told. */
export interface ProcessSettings {
  redisUrl: string;
  launchkey: World['options'];
  answers: 'callback' | 'both';
  loginTimeout: number;
  /** Whom verify was asked about, a line of JSON each. */
  verifiedFile: string;
}

/** A call of verify. */
export interface Verified {
  authRequest: string;
  userHash: string;
  username: string;
}

/** The calls of verify in all processes. */
export function readVerified(file: string): Verified[] {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line));
}

/** One process of the application. */
export class AppProcess {
  readonly port: number;
  private readonly child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.child = child;
    this.port = port;
  }

  /** Resolves when it serves. */
  static async start(settings: ProcessSettings): Promise<AppProcess> {
    const child = spawn(process.execPath, [await programPath('cluster')], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, SETTINGS: JSON.stringify(settings) },
    });
    const [port] = await once(child.stdout, 'data');
    return new AppProcess(child, Number(port));
  }

  get living(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Ends it in the middle of whatever it does. Resolves when it is gone. */
  async kill(): Promise<void> {
    if (!this.living) return;
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }
}

/** What the front has sent on to a process. */
export interface Forwarded {
  to: AppProcess;
  method: string;
  path: string;
  body: string;
}

/**
 * The one address of several processes: sends each request to one of them at random. A process that
 * takes no connections is passed over, and a request that was cut off in one is a 502.
 */
export class Front {
  readonly url: string;
  readonly processes = new Set<AppProcess>();
  /** Called when a request is on its way to a process. */
  onForward: (forwarded: Forwarded) => void = () => {};
  /** How many requests were cut off. */
  cut = 0;
  private readonly server: Server;
  // A connection for each request: none is closed by a process just when it would be used again.
  private readonly agent = new Agent({ keepAlive: false });

  private constructor(server: Server) {
    this.server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', async (req, res) => {
      const body = await buffer(req).catch(() => null);
      if (body) this.forward(req, body, res, [...this.processes]);
    });
  }

  static async start(): Promise<Front> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Front(server);
  }

  async stop(): Promise<void> {
    this.agent.destroy();
    this.server.closeAllConnections();
    const closed = once(this.server, 'close');
    this.server.close();
    await closed;
    for (const process of this.processes) await process.kill();
  }

  private forward(
    req: IncomingMessage,
    body: Buffer,
    res: ServerResponse,
    candidates: AppProcess[],
  ): void {
    const [to] = candidates.splice(Math.floor(Math.random() * candidates.length), 1);
    if (!to) return void res.writeHead(503).end();
    const { method = 'GET', url: path = '/', headers } = req;
    const options = { host: '127.0.0.1', port: to.port, method, path, headers, agent: this.agent };
    const upstream = request(options, (response) => {
      res.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(res);
      response.once('error', () => this.cutOff(res));
    });
    upstream.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') this.forward(req, body, res, candidates);
      else this.cutOff(res);
    });
    res.once('close', () => upstream.destroy());
    upstream.end(body, () => this.onForward({ to, method, path, body: body.toString() }));
  }

  private cutOff(res: ServerResponse): void {
    if (res.closed) return;
    this.cut++;
    if (res.headersSent) res.destroy();
    else res.writeHead(502).end();
  }
}
