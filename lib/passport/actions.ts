/// <reference path="./passport-strategy.d.ts" />
import { Strategy } from 'passport-strategy';
import type { LoginInfo } from '../login/verdict.js';
import { asThrowable } from './verify.js';

/**
 * What Passport adds to a strategy for each request: the five ways to answer it.
 */
export interface PassportActions {
  success(user: object, info?: object): void;
  fail(challenge?: object | string | number, status?: number): void;
  redirect(url: string, status?: number): void;
  pass(): void;
  error(err: unknown): void;
}

/** How a call of `authenticate` ends; `none` where there is nobody left to answer. */
export type Outcome =
  | { readonly action: 'success'; readonly user: object; readonly info?: object | undefined }
  | { readonly action: 'fail'; readonly info: LoginInfo }
  | { readonly action: 'redirect'; readonly url: string }
  | { readonly action: 'error'; readonly error: object }
  | { readonly action: 'none' };

/**
 * `passport-strategy`'s class, typed with the actions. TypeScript users of hosts other than
 * Express need no types of Express for it.
 */
export const PassportStrategy = Strategy as unknown as new () => PassportActions;

/**
 * Takes the actions off a strategy before anything is awaited. Passport adds them to a copy for
 * each request, but to the one shared object if it was given an instance, and then the next
 * request overwrites them.
 */
export function captureActions(strategy: PassportActions): PassportActions {
  const { success, fail, redirect, pass, error } = strategy;
  return { success, fail, redirect, pass, error };
}

/**
 * Performs an outcome: exactly one action, or none, whatever comes of it.
 *
 * What is thrown out of it (Passport misses the session for `failureMessage`, or the application's
 * own callback fails) goes where a throw of synchronous middleware goes: to the host's error
 * handlers, by the `next` that Express keeps on its requests. A second action would call the
 * application's callback a second time. Where the host keeps no `next`, it is thrown on.
 */
export function perform(actions: PassportActions, outcome: Outcome, req: object): void {
  try {
    act(actions, outcome);
  } catch (thrown) {
    const error = asThrowable(thrown);
    const host = req as { next?: unknown };
    if (typeof host.next !== 'function') throw error;
    host.next(error);
  }
}

function act(actions: PassportActions, outcome: Outcome): void {
  if (outcome.action === 'success') actions.success(outcome.user, outcome.info);
  else if (outcome.action === 'redirect') actions.redirect(outcome.url, 303);
  else if (outcome.action === 'fail') actions.fail(outcome.info, outcome.info.status);
  else if (outcome.action === 'error') actions.error(outcome.error);
}
