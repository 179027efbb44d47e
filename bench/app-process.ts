/*
 * The application, in a process of its own: the strategy, driven directly or through Express, and
 * the endpoint for events.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import express from 'express';
import passport from 'passport';
import { LaunchKeyStrategy, type LaunchKeyStrategyOptionsWithoutRequest } from 'passport-launchkey';
import { serve } from './child.js';
import { Driver } from './drive.js';
import {
  countOne,
  countPrivateKeyOperations,
  privateKeyOperations,
} from './private-key-operations.js';
import { cpu, heap, moment } from './usage.js';
import { install, type Variant } from './variants.js';

export type AppOptions = Pick<
  LaunchKeyStrategyOptionsWithoutRequest,
  'apiBaseUrl' | 'appKey' | 'secretKey' | 'privateKey' | 'answers' | 'longPoll' | 'pollInterval'
>;

/** What the event loop was late by, in milliseconds; one millisecond of it is the monitor's own interval. */
export interface EventLoopDelay {
  p50: number;
  p99: number;
  max: number;
}

const server = createServer();
server.listen(0, '127.0.0.1', 4096);
await once(server, 'listening');
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const delay = monitorEventLoopDelay({ resolution: 1 });
let driver: Driver;

function setUp({ variant, options }: { variant: Variant; options: AppOptions }): void {
  countPrivateKeyOperations();
  install(variant, countOne);
  const strategy = new LaunchKeyStrategy(options, async (_userHash, { authRequest }) => ({
    authRequest,
  }));
  driver = new Driver(strategy);
  const web = throughExpress(strategy);
  const events = strategy.callback();
  server.on('request', (req, res) =>
    req.url?.startsWith('/callback') ? events(req, res) : web(req, res),
  );
}

function throughExpress(strategy: LaunchKeyStrategy): express.Express {
  const web = express();
  web.use(express.urlencoded({ extended: false }));
  web.post('/login', (req, res, next) => {
    passport.authenticate(strategy, (error: unknown, user: unknown) =>
      error ? next(error) : res.status(user ? 200 : 401).json({ loggedIn: Boolean(user) }),
    )(req, res, next);
  });
  return web;
}

const methods = {
  url: () => url,
  setUp,
  run: ({ logins, inFlight }: { logins: number; inFlight: number }) => driver.run(logins, inFlight),
  /** When each auth request was logged in, since this was last asked. */
  takeLogins: () => driver.logins.splice(0),
  /** Begins logins number `from` to `to`, evenly over so many seconds. */
  begin: async ({ from, to, seconds }: { from: number; to: number; seconds: number }) => {
    const began = moment();
    for (let n = from; n < to; n++) {
      driver.begin(`user${n}`);
      const due = began + ((n + 1 - from) / (to - from)) * seconds * 1000;
      if (due > moment()) await sleep(due - moment());
    }
  },
  abandon: () => driver.abandon(),
  watchEventLoop: () => {
    delay.reset();
    delay.enable();
  },
  eventLoopDelay: (): EventLoopDelay => {
    delay.disable();
    return {
      p50: delay.percentile(50) / 1e6,
      p99: delay.percentile(99) / 1e6,
      max: delay.max / 1e6,
    };
  },
  privateKeyOperations,
  cpu,
  heap,
};
export type AppMethods = typeof methods;

serve(methods);
