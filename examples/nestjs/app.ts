import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import session from 'express-session';
import passport from 'passport';
import { AppModule } from './app.module.js';
import { LaunchKeyLogin } from './auth/launchkey.strategy.js';
import type { Settings } from './settings.js';

/** The application, to listen wherever the caller likes. */
export async function createApp(settings: Settings): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(AppModule.register(settings), {
    logger: ['error', 'warn'],
    abortOnError: false,
  });
  const strategy = app.get(LaunchKeyLogin, { strict: false });
  // The engine sends events here when a user answers or logs out on the phone. It has no session.
  app.use('/launchkey/callback', strategy.callback());
  app.use(
    session({
      secret: settings.sessionSecret,
      resave: false,
      saveUninitialized: false,
      // In production: secure: true, behind TLS, and a session store that lasts.
      cookie: { httpOnly: true, sameSite: 'lax' },
    }),
  );
  app.use(passport.session());
  // Ends logins that were ended on the phone.
  app.use(strategy.session());
  return app;
}
