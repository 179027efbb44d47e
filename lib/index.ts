/**
 * The Passport strategy, the client of the LaunchKey v1 API, and what both are used with.
 *
 * @module passport-launchkey
 */
export type {
  AuthorizeOptions,
  AuthPackage,
  CallOptions,
  LaunchKeyClientOptions,
  Ping,
  PollAnswer,
  PollOptions,
  RequestingBrowser,
  WhiteLabelDevice,
  WhiteLabelDevicesOptions,
  WhiteLabelUser,
} from './client/client.js';
export { LaunchKeyClient } from './client/client.js';
export type {
  AuthEvent,
  CallbackEvent,
  EventParameters,
  LogoutEvent,
  ReceivedAuthEvent,
  ReceivedEvent,
  ReceivedLogoutEvent,
} from './client/events.js';
export type { Policy, PolicyLocation, PolicyOptions } from './client/policy.js';
export { policy } from './client/policy.js';
export type { KeyInput } from './crypto/keys.js';
export type { LaunchKeyErrorDetails } from './errors.js';
export {
  CommunicationError,
  ConfigurationError,
  EngineError,
  ExpiredAuthRequestError,
  InvalidCallbackError,
  InvalidCredentialsError,
  InvalidRequestError,
  InvalidResponseError,
  InvalidSignatureError,
  LaunchKeyError,
  NoPairedDevicesError,
  NoSuchUserError,
  RateLimitExceededError,
  UnknownAuthRequestError,
} from './errors.js';
export type {
  Diagnosis,
  EventReceived,
  LoginAnswered,
  LoginFailed,
  LoginFinished,
  LoginRefused,
  LoginStarted,
  SessionEnded,
  SetupWarning,
} from './login/diagnostics.js';
export { CHANNELS } from './login/diagnostics.js';
export type { EventOptions, EventResult } from './login/events.js';
export type { AuthResponse, LoginCode, LoginInfo } from './login/verdict.js';
export type {
  LaunchKeyAuthenticateOptions,
  LaunchKeyStrategyOptions,
  LaunchKeyStrategyOptionsWithoutRequest,
  LaunchKeyStrategyOptionsWithRequest,
  LoginOptions,
  VerifyDone,
  VerifyFunction,
  VerifyFunctionWithRequest,
  VerifyResult,
} from './passport/options.js';
export type { ResolvedUser, ResolveUserFunction, UserResolution } from './passport/resolve-user.js';
export {
  LaunchKeyStrategy,
  LaunchKeyStrategy as default,
  LaunchKeyStrategy as Strategy,
} from './passport/strategy.js';
export type { MemoryStoreOptions } from './store/memory.js';
export { MemoryStore } from './store/memory.js';
export type {
  Answer,
  LaunchKeySession,
  LoginRecord,
  PendingLogin,
  Place,
  Store,
} from './store/store.js';
export { StoreFullError, StoreUnavailableError } from './store/store.js';
export type { SessionHandler } from './web/browser-session.js';
export type { CallbackHandler } from './web/callback.js';
export type { CrossSiteOption } from './web/cross-site.js';
export type { HandlerOptions, LaunchKeyHandler } from './web/handler.js';
export type { KnownBrowsersOption } from './web/known-browser.js';
export type { PairingHandler } from './web/pairing/handler.js';
export type { PairingOptions } from './web/pairing/options.js';
export type { PairingTexts } from './web/pairing/texts.js';
export type { PageReply, PageReply as WaitingReply } from './web/reply.js';
export type { LoginRequest } from './web/request.js';
export type { Requester, RequesterOption } from './web/requester.js';
export type { WaitingHandler, WaitingRequest, WaitingStatus } from './web/waiting/handler.js';
export type { WaitingOptions } from './web/waiting/options.js';
export type { WaitingTexts } from './web/waiting/texts.js';
