import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { programPath } from '../../../spec/support/shared.js';
import type { EngineOptions } from '../../lib/index.js';

/** An engine in a process of its own, which a test can kill as hard as the system can. */
export class EngineProcess {
  url = '';
  private readonly child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.child = child;
  }

  /** Resolves when the process has loaded the engine, and needs no more than to be told to start it. */
  static async load(): Promise<EngineProcess> {
    const child = spawn(process.execPath, [await programPath('engine')], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const engine = new EngineProcess(child);
    await engine.message();
    return engine;
  }

  /** Resolves when the engine listens. */
  static async start(options: EngineOptions): Promise<EngineProcess> {
    const engine = await EngineProcess.load();
    await engine.start(options);
    return engine;
  }

  /** Whether the engine came to listen before it was killed. */
  async start(options: EngineOptions): Promise<boolean> {
    this.child.send(options);
    const url = await this.message();
    this.url = url ?? '';
    return url !== undefined;
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  get living(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (!this.living) return;
    const gone = once(this.child, 'exit');
    this.child.kill(signal);
    await gone;
  }

  /** What the process says next, or `undefined` if it is killed before. */
  private async message(): Promise<string | undefined> {
    const over = new AbortController();
    const { signal } = over;
    try {
      return await Promise.race([
        once(this.child, 'message', { signal }).then(([text]) => text),
        once(this.child, 'exit', { signal }).then(([code]) => {
          if (code !== null) throw new Error(`The engine ended by itself, with ${code}.`);
        }),
      ]);
    } finally {
      over.abort();
    }
  }
}

/**
 * One address before engines that come and go, as a proxy in front of them is: connections go to one
 * after the other of those that accept them.
 */
export class Front {
  readonly url: string;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private ports: number[] = [];
  private next = 0;
  private waiting: (() => void)[] = [];
  private readonly record: (bytes: Buffer) => void;

  private constructor(server: Server, record: (bytes: Buffer) => void) {
    this.server = server;
    this.record = record;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('connection', (socket) => this.accept(socket));
  }

  /** `record` is handed all that goes through it, both ways. */
  static async open(record: (bytes: Buffer) => void = () => {}): Promise<Front> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Front(server, record);
  }

  /** Where connections go from now on; nowhere while there is no engine. */
  direct(...ports: number[]): void {
    this.ports = ports;
    if (ports.length === 0) return;
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  /** Resolves when there is an engine behind it. */
  async up(): Promise<void> {
    if (this.ports.length > 0) return;
    await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  private accept(socket: Socket): void {
    this.keep(socket);
    this.next += 1;
    const { ports, next } = this;
    this.join(
      socket,
      ports.map((_, index) => ports[(next + index) % ports.length] as number),
    );
  }

  /** Joins it with the first of the engines that accepts. */
  private join(socket: Socket, [port, ...others]: number[]): void {
    if (port === undefined || socket.destroyed) {
      socket.destroy();
      return;
    }
    const engine = connect(port, '127.0.0.1');
    this.keep(engine);
    const refused = () => this.join(socket, others);
    engine.once('error', refused);
    engine.once('connect', () => {
      engine.off('error', refused);
      engine.once('close', () => socket.destroy());
      socket.once('close', () => engine.destroy());
      for (const one of [socket, engine]) one.on('data', this.record);
      if (socket.destroyed) engine.destroy();
      else socket.pipe(engine).pipe(socket);
    });
  }

  private keep(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.sockets.delete(socket));
  }
}
