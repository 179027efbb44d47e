import { hash } from 'node:crypto';

/**
 * Returns the handle of a login, and of the LaunchKey session that it may open. The handle stands
 * for the engine's token in the browser, in its session and in logs. It is derived from the token,
 * so an event finds its login without a second index; it cannot be reversed; and it depends on the
 * application, so several applications can share a store.
 */
export function handleOf(appKey: string, authRequest: string): string {
  return hash('sha256', `launchkey login ${appKey} ${authRequest}`, 'base64url');
}
