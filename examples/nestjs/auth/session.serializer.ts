import { Inject, Injectable } from '@nestjs/common';
import { PassportSerializer } from '@nestjs/passport';
import { type User, Users } from '../users.js';

/** The session keeps the user's id; each request looks the user up. */
@Injectable()
export class SessionSerializer extends PassportSerializer {
  constructor(@Inject(Users) private readonly users: Users) {
    super();
  }

  serializeUser(user: User, done: (error: Error | null, id: string) => void): void {
    done(null, user.id);
  }

  deserializeUser(id: string, done: (error: Error | null, user: User | false) => void): void {
    done(null, this.users.find(id) ?? false);
  }
}
