import type { RequestingBrowser } from '../client/browser.js';
import { ConfigurationError } from '../errors.js';
import type { LoginRequest } from './request.js';

/** What a requester function returns of a browser. */
export type Requester = Pick<RequestingBrowser, 'address' | 'userAgent'>;

/** The option `requester`; see {@link LaunchKeyStrategyOptions}. */
export type RequesterOption = boolean | ((req: any) => Requester);

/** @throws ConfigurationError if the option is unusable. */
export function checkRequester(option: unknown): void {
  if (typeof option === 'boolean' || typeof option === 'function') return;
  throw new ConfigurationError(
    'requester',
    `is of type ${typeof option}. Pass true, false, or a function of the request that returns { address, userAgent }.`,
  );
}

/**
 * Returns what the device shows of the browser that sent a request, or `undefined` if it shows
 * nothing. With `true`, the address is the host's `req.ip`, which is not there in every host.
 *
 * @throws ConfigurationError if the function returns something else than an object.
 */
export function requesterOf(req: LoginRequest, option: RequesterOption): Requester | undefined {
  if (option === false) return undefined;
  if (option === true) {
    const { ip, headers } = req as LoginRequest & { ip?: string | undefined };
    return { address: ip, userAgent: headers['user-agent'] };
  }
  const requester: unknown = option(req);
  if (typeof requester !== 'object' || requester === null) {
    throw new ConfigurationError(
      'requester',
      `returned a value of type ${typeof requester}. It must return an object such as { address, userAgent }; use an empty object to send neither.`,
    );
  }
  return requester;
}
