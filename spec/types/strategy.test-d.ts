// `npm run typecheck` checks this file. It is never run.
import type { KeyObject } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { expectTypeOf } from 'expect-type';
import type express from 'express';
import passport from 'passport';
import LaunchKey, {
  type AuthResponse,
  type ConfigurationError,
  type EventResult,
  type LaunchKeyAuthenticateOptions,
  LaunchKeyClient,
  type LaunchKeyError,
  LaunchKeyStrategy,
  type LaunchKeyStrategyOptions,
  type LoginInfo,
  type LoginRequest,
  type MemoryStore,
  type Policy,
  policy,
  type RateLimitExceededError,
  type Store,
  Strategy,
  type VerifyDone,
  type VerifyFunction,
  type VerifyFunctionWithRequest,
  type WaitingReply,
} from 'passport-launchkey';

declare const key: KeyObject;
const options = {
  apiBaseUrl: 'https://engine.example.com/v1',
  appKey: 1234567890,
  secretKey: process.env.LAUNCHKEY_SECRET_KEY,
  privateKey: key,
};

// The class has three names.
expectTypeOf(LaunchKey).toEqualTypeOf<typeof LaunchKeyStrategy>();
expectTypeOf(Strategy).toEqualTypeOf<typeof LaunchKeyStrategy>();

// All forms of verify.
new LaunchKeyStrategy(options, (userHash, response, done) => {
  expectTypeOf(userHash).toEqualTypeOf<string>();
  expectTypeOf(response).toEqualTypeOf<AuthResponse>();
  expectTypeOf(done).toEqualTypeOf<VerifyDone>();
  done(null, { userHash }, { message: 'Welcome.' });
  done(null, false, 'Not admitted.');
  done(new Error('The database is away.'));
});
new LaunchKeyStrategy(options, async (userHash) => ({ userHash }));
new LaunchKeyStrategy(options, async (userHash) => [{ userHash }, { message: 'Welcome.' }]);
new LaunchKeyStrategy(options, async () => [false, 'Not admitted.']);
new LaunchKeyStrategy(options, async () => false);
new LaunchKeyStrategy(options, async () => null);
new LaunchKeyStrategy(options, async () => {});
new LaunchKeyStrategy({ ...options, passReqToCallback: false }, async (userHash) => {
  expectTypeOf(userHash).toEqualTypeOf<string>();
  return false;
});
new LaunchKeyStrategy(
  { ...options, passReqToCallback: true },
  async (req: express.Request, userHash, response, done) => {
    expectTypeOf(userHash).toEqualTypeOf<string>();
    expectTypeOf(response).toEqualTypeOf<AuthResponse>();
    expectTypeOf(done).toEqualTypeOf<VerifyDone>();
    return { userHash, ip: req.ip };
  },
);
const verify: VerifyFunction = async () => false;
const verifyWithRequest: VerifyFunctionWithRequest<LoginRequest> = async (req) => req.body;
new LaunchKeyStrategy(options, verify);
new LaunchKeyStrategy({ ...options, passReqToCallback: true }, verifyWithRequest);

// Options whose type does not determine the arguments of verify.
declare const anyOptions: LaunchKeyStrategyOptions;
new LaunchKeyStrategy(anyOptions, verify);
new LaunchKeyStrategy(anyOptions, verifyWithRequest);

// Common mistakes.
// @ts-expect-error verify is missing
new LaunchKeyStrategy(options);
// @ts-expect-error an option that does not exist
new LaunchKeyStrategy({ ...options, pollTimeout: 1 }, verify);
// @ts-expect-error a value that does not exist
new LaunchKeyStrategy({ ...options, answers: 'push' }, verify);
// @ts-expect-error the request is passed only with passReqToCallback
new LaunchKeyStrategy(options, async (_req: express.Request, userHash: string) => userHash);
// @ts-expect-error required options are missing
expectTypeOf<{ apiBaseUrl: string }>().toExtend<LaunchKeyStrategyOptions>();

// The requests of hosts.
expectTypeOf<express.Request>().toExtend<LoginRequest>();
expectTypeOf<IncomingMessage>().toExtend<LoginRequest>();

// The strategy's members.
const strategy = new LaunchKeyStrategy(options, verify);
passport.use(strategy).use('other', strategy);
expectTypeOf(strategy.name).toEqualTypeOf<string>();
expectTypeOf(strategy.client).toEqualTypeOf<LaunchKeyClient>();
expectTypeOf(strategy.logout).returns.resolves.toEqualTypeOf<boolean>();
expectTypeOf(strategy.handleEvent).returns.resolves.toEqualTypeOf<EventResult>();
expectTypeOf(strategy.callback()).toBeCallableWith({} as express.Request, {} as express.Response);
expectTypeOf(strategy.callback()).toBeCallableWith({} as IncomingMessage, {} as ServerResponse);
expectTypeOf(strategy.session()).toExtend<express.RequestHandler>();
expectTypeOf(strategy.handleWaiting).toBeCallableWith({} as express.Request);
expectTypeOf(strategy.handleWaiting).toBeCallableWith({} as IncomingMessage, { loginUrl: '/in' });
expectTypeOf(strategy.handleWaiting).returns.resolves.toEqualTypeOf<WaitingReply>();
expectTypeOf(strategy.checkSession).toBeCallableWith({} as express.Request);
expectTypeOf(strategy.checkSession).returns.resolves.toEqualTypeOf<boolean>();

// The options of one call.
expectTypeOf<{ context: string; policy: Policy }>().toExtend<LaunchKeyAuthenticateOptions>();
expectTypeOf<{
  authType: 'transaction';
  username: string;
  userPushId: true;
}>().toExtend<LaunchKeyAuthenticateOptions>();
expectTypeOf(policy({ all: 2 })).toEqualTypeOf<Policy>();

// The results.
expectTypeOf<AuthResponse['authorized']>().toEqualTypeOf<true>();
expectTypeOf<AuthResponse['deviceId']>().toEqualTypeOf<string | undefined>();
expectTypeOf<LoginInfo['code']>().toEqualTypeOf<
  | 'denied'
  | 'expired'
  | 'unverified'
  | 'missing_username'
  | 'rate_limited'
  | 'pending'
  | 'finished'
  | 'cross_site'
>();

// Errors.
expectTypeOf<ConfigurationError>().toExtend<LaunchKeyError>();
expectTypeOf<LaunchKeyError>().toExtend<Error>();
expectTypeOf<LaunchKeyError['code']>().toEqualTypeOf<string>();
expectTypeOf<LaunchKeyError['status']>().toEqualTypeOf<number | undefined>();
expectTypeOf<LaunchKeyError['retryable']>().toEqualTypeOf<boolean>();
expectTypeOf<RateLimitExceededError['retryAfter']>().toEqualTypeOf<number | undefined>();

// The client without a strategy.
const client = new LaunchKeyClient(options);
expectTypeOf(client.authorize).returns.resolves.toEqualTypeOf<string>();
expectTypeOf(client.isAuthorized).returns.resolves.toEqualTypeOf<boolean>();
expectTypeOf(client.logout).returns.resolves.toEqualTypeOf<boolean>();
expectTypeOf(client.ping).returns.resolves.toExtend<{
  launchkeyTime: Date;
  dateStamp: Date;
  key: string;
}>();
expectTypeOf(client.pollRequest).returns.resolves.toExtend<{
  auth: string;
  userHash: string;
} | null>();
expectTypeOf(client.createWhiteLabelUser).returns.resolves.toExtend<{
  qrcode: string;
  code: string;
}>();
expectTypeOf<MemoryStore>().toExtend<Store>();
