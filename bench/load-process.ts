/*
 * The load on an engine, in a process of its own: an application that asks and polls, the devices of
 * its users, and its endpoint for events. Whatever takes a key is done before it is timed.
 */
import { createPublicKey, randomBytes, webcrypto } from 'node:crypto';
import { once, setMaxListeners } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AppCredentials } from 'launchkey-engine';
import { Application } from '../engine/spec/support/application.js';
import { Device, publicJwk, type SignedCall } from '../engine/spec/support/device.js';
import { type Call, Calls } from './calls.js';
import { serve } from './child.js';
import { type DeviceKey, deviceId, username } from './fill.js';
import { moment } from './usage.js';

/** Where the load goes: answers to one node, everything that applications do to the other. */
export interface Target {
  api: string;
  devices: string;
  app: AppCredentials;
}

interface Open {
  n: number;
  authRequest: string;
}

const EC = { name: 'ECDSA', namedCurve: 'P-256' };
/** How long a poll asks to be held: as long as the engine holds any. */
const HELD = 60;

const tokens: string[] = [];
const keys: webcrypto.CryptoKeyPair[] = [];
let target: Target;
let application: Application;
let calls: Calls;
let held: Calls;
let leave = leaving();
let asked = 0;
let open: Open[] = [];
let answers: Call[] = [];

let taken = 0;
let awaited = Number.POSITIVE_INFINITY;
let allTaken = () => {};
const receiver = createServer((request, response) => {
  request.resume();
  response.end();
  taken += 1;
  if (taken >= awaited) allTaken();
});
receiver.listen(0, '127.0.0.1', 4096);
await once(receiver, 'listening');

async function poll({ authRequest }: Open, wait = 0): Promise<Call> {
  const call = await form('POST', 'poll?METHOD=GET', { auth_request: authRequest });
  return wait > 0 ? { ...call, headers: { ...call.headers, prefer: `wait=${wait}` } } : call;
}

let shared: { at: number; made: Promise<Record<string, string>> } | undefined;

/** One envelope for all calls of half a minute: the engine has checked it before it is timed. */
async function envelope(): Promise<Record<string, string>> {
  if (!shared || moment() - shared.at > 30_000) {
    shared = { at: moment(), made: application.envelope() };
  }
  return await shared.made;
}

async function authorize(count: number): Promise<number> {
  const parameters = await envelope();
  const asking = Array.from({ length: count }, (): [number, Call] => {
    const n = asked++ % keys.length;
    const body = new URLSearchParams({ ...parameters, username: username(n) }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return [n, { method: 'POST', url: `${target.api}/v1/auths`, headers, body }];
  });
  const began = moment();
  const replies = await calls.all(
    asking.map(([, call]) => call),
    200,
  );
  const took = moment() - began;
  open = replies.map((text, i) => ({
    n: asking[i]?.[0] ?? 0,
    authRequest: JSON.parse(text).auth_request,
  }));
  return took;
}

/** Approvals of requests, encrypted for the application and signed by the users' devices. */
async function sign(requests: Open[]): Promise<Call[]> {
  const publicKey = publicDer();
  const signed: Call[] = [];
  for (const { n, authRequest } of requests) {
    const device = new Device(target.devices, keys[n] as webcrypto.CryptoKeyPair);
    device.id = deviceId(n);
    device.token = tokens[n] ?? '';
    const body = device.answerBody({ authRequest, app: { publicKey } }, true);
    signed.push((await device.sign({ path: 'answer', body })) satisfies SignedCall);
  }
  return signed;
}

function publicDer(): string {
  const key = createPublicKey(target.app.privateKey);
  return key.export({ type: 'spki', format: 'der' }).toString('base64');
}

async function logIn(n: number, publicKey: string): Promise<void> {
  const device = new Device(target.devices, keys[n % keys.length] as webcrypto.CryptoKeyPair);
  device.id = deviceId(n);
  device.token = tokens[n % keys.length] ?? '';
  const asked = await calls.send(await form('POST', 'auths', { username: username(n) }), 200);
  const authRequest: string = JSON.parse(asked).auth_request;
  await calls.send(await device.sign({ path: 'state' }), 200);
  const body = device.answerBody({ authRequest, app: { publicKey } }, true);
  await calls.send(await device.sign({ path: 'answer', body }), 200);
  const report = { auth_request: authRequest, action: 'Authenticate', status: 'True' };
  await calls.send(await form('PUT', 'logs', report), 200);
}

async function form(method: string, path: string, parameters: object): Promise<Call> {
  const body = new URLSearchParams({ ...(await envelope()), ...parameters }).toString();
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return { method, url: `${target.api}/v1/${path}`, headers, body };
}

async function timed(all: Call[], status: number): Promise<number> {
  const began = moment();
  await calls.all(all, status);
  return moment() - began;
}

/** Holds a poll, and resolves with the moment when it is answered. */
async function hold(request: Open): Promise<number> {
  await held.send(await poll(request, HELD), 200, leave.signal);
  return moment();
}

const methods = {
  callbackUrl: () => `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/callback`,
  makeDevices: async (count: number): Promise<DeviceKey[]> => {
    const devices: DeviceKey[] = [];
    for (let n = 0; n < count; n++) {
      const pair = await webcrypto.subtle.generateKey(EC, false, ['sign', 'verify']);
      const token = randomBytes(32).toString('hex').slice(0, 43);
      keys.push(pair);
      tokens.push(token);
      devices.push({ token, publicKey: await publicJwk(pair.publicKey) });
    }
    return devices;
  },
  /** What comes next goes there. */
  aim: async (next: Target) => {
    await calls?.close();
    target = next;
    application = new Application(next.api, next.app);
    shared = undefined;
    calls = new Calls(16);
    leave = leaving();
  },
  /** Asks so many users, one after the other in turn; says how many milliseconds it took. */
  authorize,
  poll: async (status: number) =>
    await timed(await Promise.all(open.map((request) => poll(request))), status),
  sign: async () => {
    answers = await sign(open);
  },
  answer: () => timed(answers, 200),
  /** Answers, and waits for the event of each. */
  answerAndTake: async () => {
    awaited = taken + answers.length;
    const all = new Promise<void>((resolve) => {
      allTaken = resolve;
    });
    const began = moment();
    await calls.all(answers, 200);
    if (taken < awaited) await all;
    return moment() - began;
  },
  /**
   * Complete logins of the users from number `first` on, each with its event: authorize, device state,
   * answer, event, report. Returns the milliseconds from the first call to the last event or report.
   */
  logIn: async ({ first, count, atOnce }: { first: number; count: number; atOnce: number }) => {
    await calls.close();
    calls = new Calls(atOnce);
    const publicKey = publicDer();
    const all = new Promise<void>((resolve) => {
      allTaken = resolve;
    });
    awaited = taken + count;
    let next = first;
    const began = moment();
    const worker = async () => {
      while (next < first + count) await logIn(next++, publicKey);
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    if (taken < awaited) await all;
    return moment() - began;
  },
  /** Holds a poll for each open request. */
  hold: async (count: number) => {
    held = new Calls(count);
    leave = leaving();
    for (const request of open.slice(0, count)) hold(request).catch(() => {});
  },
  /** Answers `perSecond` requests a second while `held` polls are held: how long each poll took to know. */
  answerHeld: async (steady: { held: number; perSecond: number }): Promise<number[]> => {
    const coming = open.slice(steady.held);
    answers = await sign(open.slice(0, coming.length));
    const polls = new Map<number, Promise<number>>();
    held = new Calls(steady.held + coming.length);
    leave = leaving();
    const enter = (i: number) => {
      const answered = hold(open[i] as Open);
      answered.catch(() => {});
      polls.set(i, answered);
    };
    for (let i = 0; i < steady.held; i++) enter(i);
    await entered(steady.held);
    const took: Promise<number>[] = [];
    const began = moment();
    for (const [i, answer] of answers.entries()) {
      const due = began + (i / steady.perSecond) * 1000;
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - moment())));
      const sent = moment();
      const answered = calls.send(answer, 200);
      took.push(Promise.all([polls.get(i), answered]).then(([at]) => (at ?? Number.NaN) - sent));
      enter(steady.held + i);
    }
    const all = await Promise.all(took);
    await leaveAll();
    return all;
  },
  entered,
  leave: leaveAll,
};

/** Resolves when so many polls are held at the engine. */
async function entered(count: number): Promise<void> {
  for (;;) {
    const text = await calls.send({ method: 'GET', url: `${target.api}/metrics` }, 200);
    const now = Number(/^launchkey_held_polls (\d+)$/m.exec(text)?.[1]);
    if (now >= count) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** As many polls listen to it as are held. */
function leaving(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}

async function leaveAll(): Promise<void> {
  leave.abort();
  await held.close();
}

export type LoadMethods = typeof methods;

serve(methods);
