/** What keeps memory and data finite, whatever clients do. */
export interface Limits {
  /** Open auth requests of one user at one time, over all applications. */
  pendingPerUser: number;
  /** Devices that one user can pair. */
  devicesPerUser: number;
  /** LaunchKey sessions of one user with one application; the oldest makes room for a new one. */
  sessionsPerUserAndApp: number;
  /**
   * Events that wait for one application; answers beyond are not sent. Logouts always are: one waits
   * for each user at most.
   */
  deliveriesPerApp: number;
  /** White label users that one application can make. */
  whiteLabelUsersPerApp: number;
  /** Polls held at one time; the ones beyond are answered at once. */
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
