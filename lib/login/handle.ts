import { hash } from 'node:crypto';

/**
 * Names a login, and the LaunchKey session that comes of it, for everyone who must not learn the
 * engine's token: the browser, its session, the logs. Derived from the token, so that an event
 * finds its login without a second index; not reversible, so that it gives nothing away; and of
 * one application, so that several can share a store.
 */
export function handleOf(appKey: string, authRequest: string): string {
  return hash('sha256', `launchkey login ${appKey} ${authRequest}`, 'base64url');
}
