import { Agent, request } from 'undici';

/** A call whose text is ready to be sent. */
export interface Call {
  method: string;
  url: string;
  headers?: Record<string, string>;
  body?: string;
}

/** Sends calls over so many connections. */
export class Calls {
  private readonly connections: number;
  private readonly agent: Agent;

  constructor(connections: number) {
    this.connections = connections;
    this.agent = new Agent({ connections, keepAliveTimeout: 60_000 });
  }

  /** Sends all of them, as many at once as there are connections. */
  async all(calls: readonly Call[], status: number): Promise<string[]> {
    const replies: string[] = [];
    let next = 0;
    const lane = async () => {
      while (next < calls.length) {
        const i = next++;
        replies[i] = await this.send(calls[i] as Call, status);
      }
    };
    await Promise.all(Array.from({ length: this.connections }, lane));
    return replies;
  }

  /** The text of the reply; rejects if its status is another one. */
  async send(call: Call, status: number, signal?: AbortSignal): Promise<string> {
    const { url, ...rest } = call;
    const sent = { ...rest, method: call.method as 'GET', dispatcher: this.agent, signal };
    const { statusCode, body } = await request(url, sent);
    const text = await body.text();
    if (statusCode === status) return text;
    throw new Error(`${new URL(url).pathname} was answered with ${statusCode}: ${text}`);
  }

  async close(): Promise<void> {
    await this.agent.destroy();
  }
}
