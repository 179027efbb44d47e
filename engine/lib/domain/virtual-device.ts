import type { PublicKeys } from '../crypto/keys.js';
import { encryptFor } from '../crypto/rsa.js';
import type { Data } from '../data/data.js';
import type { DenialReason, RequestRecord } from '../data/ports/requests.js';
import { LaunchKeyEngineError } from '../errors.js';
import { possessionSuffices } from './policy.js';
import type { Requests } from './requests.js';

/** How the user answers. */
export interface AnswerOptions {
  /** The number picked, where the request asks for one; needed to approve it. */
  number?: string | number;
  /** Why it is denied. Default: `disapproved`, or `policy` where it could not have been approved. */
  reason?: DenialReason;
}

/** What the application will be told. */
export interface AnswerResult {
  approved: boolean;
  /** Only on a denial. */
  reason?: DenialReason;
}

const REASONS: readonly string[] = ['disapproved', 'fraudulent', 'policy', 'number', 'expired'];

/**
 * A device made of nothing: the engine itself presses the button when it is told to. It does what a
 * phone does, encryption for the application included, and hands its answer in at the same door.
 *
 * All that it can prove is possession. A policy that wants more is answered with a denial, for that
 * reason.
 */
export class VirtualDevice {
  private readonly data: Data;
  private readonly requests: Requests;
  private readonly publicKeys: PublicKeys;

  constructor(data: Data, requests: Requests, publicKeys: PublicKeys) {
    this.data = data;
    this.requests = requests;
    this.publicKeys = publicKeys;
  }

  async answer(
    authRequest: string,
    approve: boolean,
    options: AnswerOptions = {},
  ): Promise<AnswerResult> {
    const open = await this.requests.open(authRequest);
    const { request } = open;
    const result = decide(request, approve, options);
    const user = await this.data.users.get(request.userId);
    const deviceId = user?.deviceId;
    if (deviceId === undefined) {
      throw new LaunchKeyEngineError(
        'ENGINE_NO_VIRTUAL_DEVICE',
        `The user ${JSON.stringify(request.username)} has no virtual device: it is gone once a real one is paired.`,
      );
    }
    const authPackage = {
      auth_request: authRequest,
      response: String(result.approved),
      device_id: deviceId,
      app_pins: '',
      ...(result.reason && { reason: result.reason }),
    };
    const key = this.publicKeys.get(this.requests.answerKey(open));
    const auth = encryptFor(key, Buffer.from(JSON.stringify(authPackage))).toString('base64');
    await this.requests.answer(open, { authRequest, deviceId, auth, ...result });
    return result;
  }
}

function decide(request: RequestRecord, approve: boolean, options: AnswerOptions): AnswerResult {
  const { reason } = options;
  if (typeof approve !== 'boolean') {
    throw new LaunchKeyEngineError('ENGINE_INVALID_OPTION', 'approve must be true or false.');
  }
  if (reason !== undefined && (approve || !REASONS.includes(reason))) {
    throw new LaunchKeyEngineError(
      'ENGINE_INVALID_OPTION',
      `A reason goes with a denial and is one of ${REASONS.join(', ')}.`,
    );
  }
  if (!possessionSuffices(request.policy)) return { approved: false, reason: reason ?? 'policy' };
  if (!approve) return { approved: false, reason: reason ?? 'disapproved' };
  if (request.number === undefined) return { approved: true };
  if (options.number === undefined) {
    throw new LaunchKeyEngineError(
      'ENGINE_NUMBER_REQUIRED',
      'This request is approved by picking a number: pass { number } with one of its numbers.',
    );
  }
  const picked = String(options.number).padStart(2, '0');
  return picked === request.number ? { approved: true } : { approved: false, reason: 'number' };
}
