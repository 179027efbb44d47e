import { Inject, Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { type AuthResponse, LaunchKeyStrategy } from 'passport-launchkey';
import { SETTINGS, type Settings } from '../settings.js';
import { type User, Users } from '../users.js';

@Injectable()
export class LaunchKeyLogin extends PassportStrategy(LaunchKeyStrategy) {
  constructor(
    @Inject(SETTINGS) settings: Settings,
    @Inject(Users) private readonly users: Users,
  ) {
    super({
      ...settings.launchkey,
      // A guard has to return: it cannot hold the page, nor redirect.
      pending: 'accept',
      answers: 'both',
      // Guards call Passport with `session: false`, which would mean a transaction.
      authType: 'session',
      context: 'Log in to the example',
    });
  }

  async validate(userHash: string, { username }: AuthResponse): Promise<User> {
    return this.users.findOrCreate(userHash, username);
  }
}
