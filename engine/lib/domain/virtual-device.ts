import type { PublicKeys } from '../crypto/keys.js';
import { encryptFor } from '../crypto/rsa.js';
import type { Data } from '../data/data.js';
import type { DenialReason, RequestRecord } from '../data/ports/requests.js';
import { possessionSuffices } from './policy.js';
import { invalid, isRefused, type Refusal } from './refusals.js';
import { type AnswerRefusal, DENIAL_REASONS, type OpenRefusal, type Requests } from './requests.js';

/** The options of {@link Engine.answer}. */
export interface AnswerOptions {
  /** The number that the user picks or types. Required to approve a request that has one. */
  number?: string | number;
  /**
   * The reason of a denial. Default: `disapproved`, or `policy` if the virtual device cannot prove what
   * the policy asks for.
   */
  reason?: DenialReason;
}

/** The answer that the application receives. */
export interface AnswerResult {
  approved: boolean;
  /** The reason of a denial. */
  reason?: DenialReason;
}

export interface VirtualDeviceDependencies {
  data: Data;
  requests: Requests;
  publicKeys: PublicKeys;
  enabled: boolean;
}

/**
 * A device inside the engine, for tests and demos. It does what a phone does, encryption for the
 * application included, and its answers take the same path. It can prove possession only.
 */
export class VirtualDevice {
  /** Whether the option `virtualDevices` is on. */
  readonly enabled: boolean;
  private readonly data: Data;
  private readonly requests: Requests;
  private readonly publicKeys: PublicKeys;

  constructor({ data, requests, publicKeys, enabled }: VirtualDeviceDependencies) {
    this.data = data;
    this.requests = requests;
    this.publicKeys = publicKeys;
    this.enabled = enabled;
  }

  async answer(
    authRequest: string,
    approve: boolean,
    options: AnswerOptions = {},
  ): Promise<
    | AnswerResult
    | OpenRefusal
    | AnswerRefusal
    | Refusal<'invalid' | 'number_required' | 'no_virtual_device' | 'virtual_devices_off'>
  > {
    if (!this.enabled) return { refused: 'virtual_devices_off' };
    const open = await this.requests.open(authRequest);
    if (isRefused(open)) return open;
    const { request } = open;
    const result = decide(request, approve, options);
    if (isRefused(result)) return result;
    const user = await this.data.users.get(request.userId);
    const deviceId = user?.deviceId;
    if (deviceId === undefined) return { refused: 'no_virtual_device' };
    const authPackage = {
      auth_request: authRequest,
      response: String(result.approved),
      device_id: deviceId,
      app_pins: '',
      ...(result.reason && { reason: result.reason }),
    };
    const key = this.publicKeys.get(this.requests.answerKey(open));
    const auth = encryptFor(key, Buffer.from(JSON.stringify(authPackage))).toString('base64');
    const answered = await this.requests.answer(open, { authRequest, deviceId, auth, ...result });
    return isRefused(answered) ? answered : result;
  }
}

function decide(
  request: RequestRecord,
  approve: boolean,
  { number, reason }: AnswerOptions,
): AnswerResult | Refusal<'invalid' | 'number_required'> {
  if (typeof approve !== 'boolean') return invalid('approve', 'true or false');
  if (approve && reason !== undefined) return invalid('reason', 'omitted from an approval');
  if (reason !== undefined && !DENIAL_REASONS.includes(reason)) {
    return invalid('reason', `one of ${DENIAL_REASONS.join(', ')}`);
  }
  if (!possessionSuffices(request.policy)) return { approved: false, reason: reason ?? 'policy' };
  if (!approve) return { approved: false, reason: reason ?? 'disapproved' };
  if (request.number === undefined) return { approved: true };
  if (number === undefined) return { refused: 'number_required' };
  const isRight = String(number).padStart(request.number.length, '0') === request.number;
  return isRight ? { approved: true } : { approved: false, reason: 'number' };
}
