/** An account of the application. */
export interface Account {
  email: string;
  /** The engine's name of its user, which the user never sees. */
  phoneName: string;
  /** The engine's stable name of the user for this application, from the first login on. */
  userHash?: string;
}

/** Your table of users, with a unique e-mail address and a unique user hash. */
export class Accounts {
  private readonly accounts: Account[] = [];

  add(email: string, phoneName: string): Account {
    const account: Account = { email: normalized(email), phoneName };
    this.accounts.push(account);
    return account;
  }

  async findByEmail(email: string): Promise<Account | undefined> {
    return this.accounts.find((account) => account.email === normalized(email));
  }

  async findByUserHash(userHash: string): Promise<Account | undefined> {
    return this.accounts.find((account) => account.userHash === userHash);
  }
}

/** People write their address with capital letters, and phones write one at the beginning. */
function normalized(email: string): string {
  return email.trim().toLowerCase();
}
