import { Agent, request } from 'node:http';
import { Child } from './child.js';
import type { ConcealingMethods } from './concealing-process.js';
import { moment } from './usage.js';
import { startEngine } from './world.js';

/** How long something took for users who do not answer, and for names without a user. */
export interface Concealing {
  what: string;
  /** Milliseconds, in ascending order. */
  users: number[];
  strangers: number[];
}

/** What a browser does with a login that is not answered, one after the other. */
const STEPS = [
  'a login begins',
  'its page',
  'its status, held for a second',
  'the finish',
] as const;
/** Refused at once, which its time tells as well: shows that the comparison can tell things apart. */
const OPEN = 'a login begins, without `concealUsers`';
/** How many browsers at once: few, so that they disturb each other little. */
const IN_FLIGHT = 8;
const WARM_UP = 16;

const agent = new Agent({ keepAlive: true });

/**
 * Compares, in an engine and an application of their own, how long users and strangers are kept
 * waiting. Each browser takes both in turn, so that whatever else the machine does meets both alike.
 *
 * @param pairs How many of each.
 */
export async function concealing(pairs: number): Promise<Concealing[]> {
  const engine = await startEngine();
  const app = new Child<ConcealingMethods>('concealing-process');
  try {
    await engine.call('react', { when: 'never' });
    const credentials = await engine.call('createApp', undefined);
    const apiBaseUrl = await engine.call('url');
    const urls = await app.call('setUp', { ...credentials, apiBaseUrl });
    const took = new Samples();
    await visitAll(urls, 0, WARM_UP, new Samples());
    await visitAll(urls, WARM_UP, WARM_UP + pairs, took);
    return took.sorted();
  } finally {
    agent.destroy();
    await app.end();
    await engine.end();
  }
}

type Kind = 'users' | 'strangers';

class Samples {
  private readonly samples = [OPEN, ...STEPS].map(
    (what): Concealing => ({ what, users: [], strangers: [] }),
  );

  add(what: string, kind: Kind, milliseconds: number): void {
    this.samples.find((one) => one.what === what)?.[kind].push(milliseconds);
  }

  sorted(): Concealing[] {
    const ascending = (values: number[]) => values.toSorted((a, b) => a - b);
    return this.samples.map(({ what, users, strangers }) => ({
      what,
      users: ascending(users),
      strangers: ascending(strangers),
    }));
  }
}

interface Urls {
  concealed: string;
  open: string;
}

async function visitAll(urls: Urls, from: number, to: number, took: Samples): Promise<void> {
  let next = from;
  const lane = async () => {
    while (next < to) {
      const number = next++;
      // Names of one length, and either in front as often as the other.
      const pair: [Kind, string][] = [
        ['users', `user${number}`],
        ['strangers', `none${number}`],
      ];
      for (const [kind, username] of Math.random() < 0.5 ? pair : pair.reverse()) {
        await visit(urls, kind, username, took);
      }
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
}

async function visit(urls: Urls, kind: Kind, username: string, took: Samples): Promise<void> {
  const time = async (what: string, url: string, options: Options) => {
    const began = moment();
    const answer = await send(url, options);
    took.add(what, kind, moment() - began);
    return answer;
  };
  const login = { form: { username } };
  await time(OPEN, `${urls.open}/login`, login);
  const begun = await time(STEPS[0], `${urls.concealed}/login`, login);
  const page = `${urls.concealed}${begun.location}`;
  const { cookie } = begun;
  await time(STEPS[1], page, { cookie, accept: 'text/html' });
  await time(STEPS[2], page, { cookie, accept: 'application/json' });
  const finish = { request: new URL(page).searchParams.get('request') ?? '' };
  await time(STEPS[3], `${urls.concealed}/login`, { cookie, form: finish });
}

interface Options {
  cookie?: string;
  accept?: string;
  form?: Record<string, string>;
}

interface Answer {
  location: string;
  cookie: string;
}

function send(url: string, { cookie = '', accept = '*/*', form }: Options): Promise<Answer> {
  const body = form ? new URLSearchParams(form).toString() : '';
  const headers = {
    cookie,
    accept,
    prefer: 'wait=1',
    'content-length': body.length,
    ...(form && { 'content-type': 'application/x-www-form-urlencoded' }),
  };
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: form ? 'POST' : 'GET', agent, headers }, (response) => {
      response.resume();
      const { location = '', 'set-cookie': cookies = [] } = response.headers;
      response.once('end', () =>
        resolve({ location, cookie: cookies.map((line) => line.split(';')[0]).join('; ') }),
      );
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

/**
 * How well the time alone tells users from strangers: the probability that of one of each, the user
 * took longer (the area under the ROC curve). 0.5 means that it tells nothing.
 */
export function tellsApart({ users, strangers }: Concealing): number {
  let longer = 0;
  for (const user of users) {
    for (const stranger of strangers) {
      if (user > stranger) longer += 1;
      else if (user === stranger) longer += 0.5;
    }
  }
  return longer / (users.length * strangers.length);
}

/**
 * How far from 0.5 that comes by chance alone, in 99 of 100 runs, where there is nothing to tell
 * apart (the normal approximation of the Mann–Whitney test).
 */
export function chance({ users, strangers }: Concealing): number {
  const [m, n] = [users.length, strangers.length];
  return 2.576 * Math.sqrt((m + n + 1) / (12 * m * n));
}
