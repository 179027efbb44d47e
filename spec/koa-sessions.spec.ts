import Koa from 'koa';
import bodyParser from 'koa-bodyparser';
import koaPassport from 'koa-passport';
import createSession from 'koa-session';
import type { LaunchKeyStrategy } from 'passport-launchkey';
import { describe, expect, it } from 'vitest';
import { serve } from './support/app.js';
import { TestBrowser } from './support/browser.js';
import { nextRequest, recordingStrategy, startWorld } from './support/world.js';

/** Serves pages that write to a session whose store takes its time. */
async function serveKoa(strategy: LaunchKeyStrategy, delayMs: number): Promise<string> {
  const sessions = new Map<string, string>();
  const later = (step: () => unknown) =>
    new Promise<unknown>((resolve) => setTimeout(() => resolve(step()), delayMs));
  const store = {
    get: (id: string) => later(() => JSON.parse(sessions.get(id) ?? 'null')),
    set: (id: string, data: unknown) => later(() => void sessions.set(id, JSON.stringify(data))),
    destroy: (id: string) => later(() => void sessions.delete(id)),
  };
  const passport = new koaPassport.KoaPassport();
  passport.use(strategy);
  passport.serializeUser((user, done) => done(null, user));
  passport.deserializeUser((user: object, done) => done(null, user));
  const app = new Koa();
  app.keys = ['of the test'];
  app.use(createSession({ store } as never, app));
  app.use(bodyParser());
  app.use(passport.initialize());
  app.use(passport.session());
  const logIn = passport.authenticate('launchkey', { successRedirect: '/' });
  app.use(async (ctx, next) => {
    if (ctx.path === '/login') return logIn(ctx, next);
    const held = ctx.session as unknown as { cart?: number };
    held.cart = (held.cart ?? 0) + 1;
    ctx.body = { in: ctx.isAuthenticated(), cart: held.cart, note: 'launchkey:launchkey' in held };
  });
  return serve(app.callback() as never);
}

describe('a session of Koa whose store takes its time', () => {
  it.each([
    [0, 'hold'],
    [50, 'hold'],
    [50, 'accept'],
  ] as const)(
    'keeps the note of the login and what other requests wrote meanwhile: %i ms, %s',
    async (delayMs, pending) => {
      const world = await startWorld();
      const { strategy } = recordingStrategy(world, { pending });
      const browser = new TestBrowser(await serveKoa(strategy, delayMs));
      await browser.text('/');
      const begun = browser.post('/login', { username: 'alice' });
      if (pending === 'accept') await begun;
      const held = pending === 'accept' ? browser.post('/login') : begun;
      const authRequest = await nextRequest(world.engine);
      const tab = browser.copy();
      await tab.text('/');
      await tab.text('/');
      await world.engine.answer(authRequest, true);
      expect((await held).headers.get('location')).toBe('/');
      const home = await (await browser.send('/')).json();
      expect(home).toEqual({ in: true, cart: 4, note: true });
    },
  );
});
