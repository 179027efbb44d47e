import { Injectable } from '@nestjs/common';

/** A user of this application. */
export interface User {
  /** The engine's stable name of the user for this application. */
  id: string;
  name: string;
}

/** The application's users, for as long as it runs. */
@Injectable()
export class Users {
  private readonly users = new Map<string, User>();

  find(id: string): User | undefined {
    return this.users.get(id);
  }

  /** The user of that hash; a first login makes one. The name was only typed in. */
  findOrCreate(userHash: string, name: string): User {
    const user = this.find(userHash) ?? { id: userHash, name };
    this.users.set(userHash, user);
    return user;
  }
}
