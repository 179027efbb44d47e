/// <reference path="./passport-strategy.d.ts" />
import { Strategy } from 'passport-strategy';
import type { LoginInfo } from '../login/verdict.js';
import { toErrorObject } from '../util/error-object.js';

/** The actions that Passport adds to a strategy for each request: the five ways to respond. */
export interface PassportActions {
  success(user: object, info?: object): void;
  fail(challenge?: object | string | number, status?: number): void;
  redirect(url: string, status?: number): void;
  pass(): void;
  error(err: unknown): void;
}

/** How a call of `authenticate` ends; `none` if the browser has disconnected. */
export type Outcome =
  | { readonly action: 'success'; readonly user: object; readonly info?: object | undefined }
  | { readonly action: 'fail'; readonly info: LoginInfo }
  | { readonly action: 'redirect'; readonly url: string }
  | { readonly action: 'error'; readonly error: object }
  | { readonly action: 'none' };

/**
 * The class of `passport-strategy`, typed with the actions. TypeScript users of hosts other than
 * Express need no types of Express for it.
 */
export const PassportStrategy = Strategy as unknown as new () => PassportActions;

/**
 * Reads the actions of a strategy. Passport adds them to a copy of the strategy for each request,
 * or to the shared instance if it was given one, where the next request replaces them. So they must
 * be read before anything is awaited.
 */
export function captureActions(strategy: PassportActions): PassportActions {
  const { success, fail, redirect, pass, error } = strategy;
  return { success, fail, redirect, pass, error };
}

/**
 * Performs an outcome by one action, or by none.
 *
 * An action may throw: Passport does if `failureMessage` finds no session, and so may the
 * application's own callback. The error goes where errors of synchronous middleware go, to the
 * host's error handlers, by the `next` that Express keeps on its requests. A second action would
 * call the application's callback a second time. In hosts without `next`, the error is thrown
 * again.
 */
export function perform(actions: PassportActions, outcome: Outcome, req: object): void {
  try {
    callAction(actions, outcome);
  } catch (thrown) {
    const error = toErrorObject(thrown);
    const host = req as { next?: unknown };
    if (typeof host.next !== 'function') throw error;
    host.next(error);
  }
}

function callAction(actions: PassportActions, outcome: Outcome): void {
  if (outcome.action === 'success') actions.success(outcome.user, outcome.info);
  else if (outcome.action === 'redirect') actions.redirect(outcome.url, 303);
  else if (outcome.action === 'fail') actions.fail(outcome.info, outcome.info.status);
  else if (outcome.action === 'error') actions.error(outcome.error);
}
