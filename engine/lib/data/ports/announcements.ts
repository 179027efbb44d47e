/** A change to an auth request, or to what a user's devices show. */
export type Change = { authRequest: string } | { userId: string };
/** `'any'`: everything may have changed, or changes may have been missed. */
export type Announced = Change | 'any';

/** Hints between the processes that share the data. They may be lost. */
export interface AnnouncementPort {
  /** Whether other processes may share the data. */
  readonly shared: boolean;
  /** Announces a change to the other processes. */
  publish(change: Announced): void;
  /** Sends the announcements of other processes to this listener, which replaces an earlier one. */
  subscribe(listener: (announced: Announced) => void): void;
}

/** The announcements of data that belongs to one process. */
export const noAnnouncements: AnnouncementPort = {
  shared: false,
  publish() {},
  subscribe() {},
};
