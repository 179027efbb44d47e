/**
 * The kinds of pairwise identifiers of a user: `hash` is known to one application, `organization` to
 * one organization, and `push` addresses pushes from one application.
 */
export type IdentityKind = 'hash' | 'organization' | 'push';

/** Pairwise identifiers. A sector is the app key or organization that knows a user by one of them. */
export interface IdentityPort {
  /**
   * The user's identifier in the sector; `candidate` becomes it if the user has none. For a deleted
   * user, `candidate` is returned and not kept.
   */
  ensure(kind: IdentityKind, userId: string, sector: string, candidate: string): Promise<string>;
}
