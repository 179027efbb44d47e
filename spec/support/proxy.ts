import { EventEmitter, once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

/** One call that went through the proxy. */
export interface Call {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  query: URLSearchParams;
  form: URLSearchParams;
  status?: number;
}

/** A reverse proxy in front of an engine or an application: it watches, and can make it worse. */
export class EngineProxy extends EventEmitter<{ call: [Call]; answered: [Call]; dropped: [Call] }> {
  readonly calls: Call[] = [];
  /** A line for each call, as nginx and Apache write them by default ("combined"). */
  readonly accessLog: string[] = [];
  /** Calls that are under way now. */
  readonly underWay = new Set<Call>();
  /** How many polls were under way at once at the most. */
  mostPollsAtOnce = 0;
  /** Leaves out `Prefer`, as in front of an engine that does not know it. */
  stripPrefer = false;
  /** Answers a call itself, for faults; returns `undefined` to pass it on. */
  intercept:
    | ((
        call: Call,
      ) => { status: number; headers?: Record<string, string>; body: string } | undefined)
    | undefined;
  /** Whether the engine looks like one without extensions of the API. */
  hidesFeatures = false;
  /** Says which calls are neither passed on nor answered. */
  swallow: ((call: Call) => boolean) | undefined;
  /** Held back are the answers to these calls until the promise resolves. */
  holdBack: ((call: Call) => Promise<unknown> | undefined) | undefined;
  private readonly target: URL;
  private readonly open = new Set<ServerResponse>();
  url = '';

  constructor(target: string) {
    super();
    this.target = new URL(target);
  }

  /** The calls of one path, such as `/poll`. */
  of(path: string): Call[] {
    return this.calls.filter((call) => call.path === `/v1${path}`);
  }

  /** Starts it on a free port; it is closed when the test is finished. */
  async start(): Promise<this> {
    const server = createServer(async (req, res) => {
      const chunks: Buffer[] = [];
      for await (const chunk of req) chunks.push(chunk);
      const body = Buffer.concat(chunks);
      const { pathname, searchParams } = new URL(req.url ?? '/', this.target);
      const call: Call = {
        method: req.method ?? '',
        path: pathname,
        headers: req.headers,
        query: searchParams,
        form: new URLSearchParams(body.toString()),
      };
      this.calls.push(call);
      this.underWay.add(call);
      this.open.add(res);
      res.once('close', () => this.accessLog.push(logLine(req, res)));
      const polls = [...this.underWay].filter(({ path }) => path === '/v1/poll').length;
      this.mostPollsAtOnce = Math.max(this.mostPollsAtOnce, polls);
      const headers = { ...req.headers };
      if (this.stripPrefer) delete headers.prefer;
      const own = this.intercept?.(call);
      const end = () => this.underWay.delete(call);
      res.once('close', () => {
        end();
        this.open.delete(res);
        if (call.status === undefined) this.emit('dropped', call);
      });
      this.emit('call', call);
      if (this.swallow?.(call)) return;
      if (own) {
        call.status = own.status;
        res.writeHead(own.status, own.headers).end(own.body);
        this.emit('answered', call);
        return;
      }
      const forwarded = request(
        {
          host: this.target.hostname,
          port: this.target.port,
          path: req.url,
          method: req.method,
          headers,
        },
        async (response) => {
          await this.holdBack?.(call);
          call.status = response.statusCode ?? 0;
          if (this.hidesFeatures && call.path === '/v1/ping') {
            const { features: _, ...body } = JSON.parse(await text(response));
            res.writeHead(call.status, { 'content-type': 'application/json' });
            res.end(JSON.stringify(body));
          } else {
            res.writeHead(call.status, response.headers);
            response.pipe(res);
          }
          this.emit('answered', call);
        },
      );
      forwarded.on('error', () => res.destroy());
      res.once('close', () => forwarded.destroy());
      forwarded.end(body);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(
      () =>
        new Promise<void>((resolve) => {
          server.close(() => resolve());
          server.closeAllConnections();
        }),
    );
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return this;
  }

  /** Cuts off what is under way, as a proxy does whose time is up. */
  cut(): void {
    for (const response of this.open) response.destroy();
  }

  /** Resolves with the next call of a path. */
  async next(path: string): Promise<Call> {
    for await (const [call] of EventEmitter.on(this, 'call')) {
      if ((call as Call).path === `/v1${path}`) return call as Call;
    }
    throw new Error('unreachable');
  }
}

function logLine(
  { socket, method, url, httpVersion, headers }: IncomingMessage,
  res: ServerResponse,
): string {
  const { referer = '-', 'user-agent': agent = '-' } = headers;
  const line = `"${method} ${url} HTTP/${httpVersion}" ${res.statusCode} - "${referer}" "${agent}"`;
  return `${socket.remoteAddress ?? '-'} - - [${new Date().toISOString()}] ${line}`;
}
