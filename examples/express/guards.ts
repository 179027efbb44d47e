import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { messagePage } from './pages.js';

/** The rules for every page: nothing inline, nothing from other origins, no frames. */
export const securityHeaders: RequestHandler = (_req, res, next) => {
  res.set({
    'Content-Security-Policy':
      "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    'Referrer-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-store',
  });
  next();
};

/**
 * No other site may post our forms. It could log a victim in to an account of its own, link its own
 * phone to the victim's account, or have phones ring. Browsers name the sender in `Sec-Fetch-Site`,
 * older ones in `Origin`; a client that sends neither is no browser that another site could use.
 */
export const sameOrigin: RequestHandler = (req, res, next) => {
  const site = req.get('sec-fetch-site');
  const origin = req.get('origin');
  const same = site
    ? site === 'same-origin'
    : !origin || (URL.canParse(origin) && new URL(origin).host === req.get('host'));
  if (req.method === 'GET' || req.method === 'HEAD' || same) return next();
  res.status(403).send(messagePage('This form was sent by another site.'));
};

/** Guards routes that need a user who is logged in. */
export const requireLogin: RequestHandler = (req, res, next) =>
  req.user ? next() : res.redirect(303, '/login');

/** For the ways to log in: who is logged in logs out first. */
export const requireStranger: RequestHandler = (req, res, next) =>
  req.user ? res.redirect(303, '/') : next();

/** Hands on what an asynchronous handler throws. Express 5 does it by itself, Express 4 does not. */
export function handled(
  handler: (req: Request, res: Response, next: NextFunction) => Promise<unknown>,
): RequestHandler {
  return (req, res, next) => {
    handler(req, res, next).catch(next);
  };
}
