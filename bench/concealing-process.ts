/*
 * An application whose users wait on a waiting page, in a process of its own: once with its users
 * concealed, and once without, to compare with.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import session from 'express-session';
import passport from 'passport';
import { LaunchKeyStrategy, type LaunchKeyStrategyOptionsWithoutRequest } from 'passport-launchkey';
import { serve } from './child.js';

type Options = Pick<
  LaunchKeyStrategyOptionsWithoutRequest,
  'apiBaseUrl' | 'appKey' | 'secretKey' | 'privateKey'
>;

async function serveLogins(options: Options, concealUsers: boolean): Promise<string> {
  const strategy = new LaunchKeyStrategy(
    { ...options, concealUsers, pending: 'redirect', waitUrl: '/wait' },
    async () => false,
  );
  const web = express();
  web.use(session({ secret: 'bench', resave: false, saveUninitialized: false }));
  web.use('/wait', strategy.waiting());
  web.use(express.urlencoded({ extended: false }));
  web.post('/login', new passport.Passport().authenticate(strategy));
  const server = createServer(web);
  server.listen(0, '127.0.0.1', 4096);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const methods = {
  /** Starts both, and says where they are. */
  setUp: async (options: Options) => ({
    concealed: await serveLogins(options, true),
    open: await serveLogins(options, false),
  }),
};
export type ConcealingMethods = typeof methods;

serve(methods);
