import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { amount } from '../../spec/support/endurance.js';
import { Vault } from '../lib/data/sql/vault.js';
import type { AppCredentials, EngineOptions } from '../lib/index.js';
import { Application } from './support/application.js';
import { temporary } from './support/data.js';
import type { Device } from './support/device.js';
import { Front } from './support/engine-process.js';
import type { Reply } from './support/http.js';
import { type Acknowledged, checkReceipts, prepare } from './support/many-logins.js';
import { MortalEngine } from './support/mortal-engine.js';
import { describeWithPostgres } from './support/postgres.js';
import { type Receiver, receiver } from './support/receiver.js';

const SHORT_LOGINS = 20;
const LOGINS = amount('KILL_LOGINS', SHORT_LOGINS, 500);
const MIN_KILLS = 3;
/** On a busy machine little gets done between two kills, so a short run ends with a few. */
const MAX_KILLS = LOGINS > SHORT_LOGINS ? Number.POSITIVE_INFINITY : 5;
const WORKERS = 4;
const TIMEOUT = 240_000 + LOGINS * 2000;

/** Makes calls again when their connection is lost, as clients do. */
class Line {
  private readonly front: Front;

  constructor(front: Front) {
    this.front = front;
  }

  async call(make: () => Promise<Reply>): Promise<Reply> {
    for (;;) {
      await this.front.up();
      try {
        return await make();
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code !== 'ECONNRESET' && code !== 'ECONNREFUSED' && code !== 'EPIPE') throw error;
      }
    }
  }
}

/** Logins go on, and meanwhile the engine is killed again and again. */
async function killAgainAndAgain(data: EngineOptions): Promise<void> {
  const front = await Front.open();
  onTestFinished(() => front.close());
  const events = await receiver();
  const options: EngineOptions = {
    ...data,
    publicUrl: front.url,
    rateLimit: false,
    // That little gets done on a machine must not end what waits.
    requestTtl: 3_600_000,
    delivery: { timeout: 1000, backoff: [200] },
  };
  const { apps, devices } = await prepare(front, options, [events.url], WORKERS);
  const credentials = apps[0] as AppCredentials;
  const application = new Application(front.url, credentials);
  const engine = new MortalEngine(front, options);
  await engine.load();

  const logins: Acknowledged[] = [];
  const line = new Line(front);
  const work = async (device: Device, worker: number) => {
    for (let turn = worker; logins.length < LOGINS || engine.kills < MIN_KILLS; turn += 1) {
      logins.push(await login(line, application, device, turn % 3 !== 0));
    }
  };
  const begun = performance.now();
  const working = Promise.all(devices.map(work)).then(() => engine.spare());
  await Promise.all([engine.run(MAX_KILLS), working]);
  const seconds = Math.round((performance.now() - begun) / 1000);
  await checkEvents(events, application, logins);
  await engine.end();
  await checkReceipts(options, logins);
  const { kills, early } = engine;
  process.stderr.write(
    `${logins.length} logins in ${seconds} s, ${kills} kills, ${early} of them while it started\n`,
  );
}

/** One login; whatever the engine has acknowledged once has to hold from there on. */
async function login(
  line: Line,
  application: Application,
  device: Device,
  approved: boolean,
): Promise<Acknowledged> {
  const asked = await line.call(() => application.auths({ username: device.username }));
  expect(asked.status, asked.text).toBe(200);
  const authRequest: string = asked.body.auth_request;
  const waiting = pollUntilAnswered(line, application, authRequest);
  // Awaited below; until then it must not count as unhandled.
  waiting.catch(() => {});
  const { requests } = (await line.call(() => device.state())).body;
  const request = requests.find((one: Acknowledged) => one.authRequest === authRequest);
  expect(request, 'the request that was acknowledged').toBeDefined();
  const answer = device.answerBody(request, approved);
  const taken = await line.call(() => device.post('answer', answer));
  expect(taken.status, taken.text).toBe(200);

  const polled = await line.call(() => application.poll(authRequest));
  for (const reply of [polled, await waiting]) {
    expect(reply.status, reply.text).toBe(200);
    expect(application.decryptAuth(reply.body.auth)).toMatchObject({
      auth_request: authRequest,
      response: String(approved),
      device_id: device.id,
    });
  }
  if (approved) {
    for (const action of ['Authenticate', 'Revoke']) {
      const report = await line.call(() => application.log(authRequest, action));
      expect(report.status, report.text).toBe(200);
    }
  }
  return { authRequest, approved };
}

async function pollUntilAnswered(
  line: Line,
  application: Application,
  authRequest: string,
): Promise<Reply> {
  for (;;) {
    const reply = await line.call(() => application.poll(authRequest, { wait: 30 }));
    if (reply.body?.message_code !== 70403) return reply;
  }
}

/** Each answer was announced under one event id. The same id twice is fine, a second id is not. */
async function checkEvents(
  events: Receiver,
  application: Application,
  logins: Acknowledged[],
): Promise<void> {
  const answers = new Map(logins.map((one) => [one.authRequest, String(one.approved)]));
  const ids = new Map<string, Set<string>>();
  let seen = 0;
  while (ids.size < answers.size) {
    await events.count(seen + 1);
    for (const { query } of events.received.slice(seen)) {
      seen += 1;
      const authRequest = query.get('auth_request') ?? '';
      expect(application.decryptAuth(query.get('auth') ?? '')).toMatchObject({
        auth_request: authRequest,
        response: answers.get(authRequest),
      });
      ids.set(authRequest, (ids.get(authRequest) ?? new Set()).add(query.get('event_id') ?? ''));
    }
  }
  expect([...ids.values()].filter((ofOne) => ofOne.size !== 1)).toEqual([]);
  expect(new Set([...ids.values()].flatMap((ofOne) => [...ofOne])).size).toBe(answers.size);
}

const NAME = 'loses no answer that was acknowledged, and tells of each under one event id';

describe('an engine that is killed, with SQLite', () => {
  it(
    NAME,
    async () => {
      await killAgainAndAgain({ data: join(await temporary(), 'engine.db') });
    },
    TIMEOUT,
  );
});

describeWithPostgres('an engine that is killed, with PostgreSQL', (server) => {
  it(
    NAME,
    async () => {
      const databaseUrl = await server().database();
      await killAgainAndAgain({ databaseUrl, key: Vault.newKey() });
    },
    TIMEOUT,
  );
});
