/** Limits on what clients can store and hold. Each is a whole number from 1 to 10,000,000. */
export interface Limits {
  /** Open auth requests of one user, over all applications. Default: 100. */
  pendingPerUser: number;
  /** Paired devices of one user. Default: 10. */
  devicesPerUser: number;
  /** LaunchKey sessions of one user with one application. A new one ends the oldest. Default: 50. */
  sessionsPerUserAndApp: number;
  /**
   * Answer events that wait for one application. Further ones are not sent. Logout events are always
   * sent; at most one waits for each user. Default: 20,000.
   */
  deliveriesPerApp: number;
  /** White label users of one application. Default: 100,000. */
  whiteLabelUsersPerApp: number;
  /**
   * Polls that are held at one time. Further ones are answered at once. The same limit applies to
   * devices that wait for changes. Default: 50,000, or fewer where the operating system allows too few open
   * files for them.
   */
  heldPolls: number;
}

export const LIMITS: Limits = {
  pendingPerUser: 100,
  devicesPerUser: 10,
  sessionsPerUserAndApp: 50,
  deliveriesPerApp: 20_000,
  whiteLabelUsersPerApp: 100_000,
  heldPolls: 50_000,
};
