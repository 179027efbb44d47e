import { responseOf } from './host-response.js';

/**
 * Calls back if the response to a request does not go out completely, because the browser left
 * before. Does nothing if the host gives no access to its response.
 */
export function onLostResponse(req: object, lost: () => void): void {
  const response = responseOf(req);
  response?.once?.('close', () => {
    if (!(response as { writableFinished?: boolean }).writableFinished) lost();
  });
}
