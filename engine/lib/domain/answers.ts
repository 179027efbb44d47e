import { decodeBase64 } from '../crypto/base64.js';
import { sha256 } from '../crypto/digest.js';
import { verifyEc } from '../crypto/ec.js';
import { modulusBytes, type PublicKeys, spkiBase64 } from '../crypto/keys.js';
import type { Data } from '../data/data.js';
import type { DeviceRecord } from '../data/ports/devices.js';
import type { ReceiptRecord } from '../data/ports/receipts.js';
import type { Answered, AnswerStep, DenialReason, RequestRecord } from '../data/ports/requests.js';
import { type EngineErrorCode, LaunchKeyEngineError } from '../errors.js';
import type { Metrics } from '../observability/metrics.js';
import type { Audit } from './audit.js';
import { type DeviceCode, DeviceRefusal, invalid } from './device-refusal.js';
import type { Fraud } from './fraud.js';
import { answerChallenge, insideLocation, type Proven, requireProofs } from './proofs.js';
import type { OpenRequest, Requests } from './requests.js';
import type { SignedRequest } from './signed-request.js';
import { type Party, verifyAssertion } from './webauthn.js';

const REASONS: readonly unknown[] = ['disapproved', 'fraudulent', 'policy', 'number', 'expired'];

/** How what went wrong with a request is called in the device protocol. */
const CODES: Partial<Record<EngineErrorCode, DeviceCode>> = {
  ENGINE_UNKNOWN_REQUEST: 'unknown_request',
  ENGINE_REQUEST_ANSWERED: 'answered',
  ENGINE_REQUEST_EXPIRED: 'expired',
  ENGINE_DENIAL_ONLY: 'denial_only',
};

export interface AnswerDependencies {
  data: Data;
  requests: Requests;
  publicKeys: PublicKeys;
  fraud: Fraud;
  audit: Audit;
  metrics: Metrics;
  clock: () => number;
}

/** An answer as it was sent: the members of the body, the body itself, and its signature. */
export interface SentAnswer {
  members: Record<string, unknown>;
  body: string;
  signed: SignedRequest;
  party: Party;
}

interface Answer {
  approved: boolean;
  reason?: DenialReason;
  auth: string;
}

/**
 * Takes the answers of paired devices. The engine cannot read what the application will believe, but
 * it knows whether the user approved, lets no approval pass that picks another number or proves less
 * than the policy asks for, and keeps what the device has signed.
 */
export class Answers {
  private readonly with: AnswerDependencies;

  constructor(dependencies: AnswerDependencies) {
    this.with = dependencies;
  }

  async take(device: DeviceRecord, sent: SentAnswer): Promise<{ approved: boolean }> {
    const { metrics, fraud, audit } = this.with;
    const authRequest = sent.members.authRequest;
    if (typeof authRequest !== 'string') throw invalid('authRequest must name the request.');
    const open = await this.open(device, authRequest, sent.members.approved);
    if (open === 'recorded') return { approved: sent.members.approved === true };
    const { request } = open;
    const answer = this.read(open, sent.members);
    if (answer.approved) await this.checkApproval(device, request, answer, sent);
    const about = { userId: request.userId, appKey: request.appKey, deviceId: device.id };
    const { approved, reason } = answer;
    const answered = await this.record(device, open, answer, {
      receipt: this.receipt(device, request, answer, sent),
      audit: audit.entry(
        approved ? 'request.approved' : 'request.denied',
        about,
        reason ? { reason } : {},
      ),
      ...(reason === 'fraudulent' && { fraud: fraud.report(about) }),
    });
    if (!answered) return { approved };
    metrics.answer(approved ? 'approved' : (reason ?? 'disapproved'));
    if (answered.fraud) fraud.reported(about, answered.fraud);
    return { approved };
  }

  /** `'recorded'` if this device has given this very answer before, and did not hear that it counts. */
  private async open(
    device: DeviceRecord,
    authRequest: string,
    approved: unknown,
  ): Promise<OpenRequest | 'recorded'> {
    const { requests, data } = this.with;
    try {
      const open = await requests.open(authRequest);
      if (open.request.userId === device.userId) return open;
    } catch (error) {
      if (await this.recorded(device, authRequest, approved)) return 'recorded';
      const known = await data.requests.get(authRequest);
      const foreign = known !== undefined && !('past' in known) && known.userId !== device.userId;
      if (!foreign) throw asRefusal(error);
    }
    throw new DeviceRefusal('unknown_request', 'This user has no such request.');
  }

  private read(open: OpenRequest, members: Record<string, unknown>): Answer {
    const { approved, reason, auth, keyDigest } = members;
    if (typeof approved !== 'boolean') throw invalid('approved must be true or false.');
    if (approved && reason !== undefined) throw invalid('A reason goes with a denial.');
    if (!approved && !REASONS.includes(reason)) {
      throw invalid(`A denial needs a reason: one of ${REASONS.join(', ')}.`);
    }
    const key = this.with.requests.answerKey(open);
    checkKey(key, keyDigest);
    const bytes = modulusBytes(this.with.publicKeys.get(key));
    const decoded = typeof auth === 'string' ? decodeBase64(auth, bytes) : undefined;
    if (!decoded || decoded.toString('base64') !== auth) {
      throw invalid(
        `auth must be base64 of the ${bytes} bytes that are encrypted for the application.`,
      );
    }
    return { approved, reason: reason as DenialReason | undefined, auth: auth as string };
  }

  private async checkApproval(
    device: DeviceRecord,
    request: RequestRecord,
    answer: Answer,
    sent: SentAnswer,
  ): Promise<void> {
    if (request.denialOnly) {
      throw new DeviceRefusal('denial_only', 'A wrong number was picked: it can only be denied.');
    }
    await this.checkNumber(device, request, sent.members.number);
    const { policy } = request;
    if (policy) requireProofs(policy, await this.prove(device, request, answer, sent));
  }

  private async checkNumber(
    device: DeviceRecord,
    request: RequestRecord,
    number: unknown,
  ): Promise<void> {
    if (request.number === undefined) return;
    if (typeof number !== 'string' || !/^\d\d$/.test(number)) {
      throw invalid('number must be the one of the numbers that was picked.');
    }
    if (number === request.number) return;
    const { data, audit, requests } = this.with;
    await data.requests.allowDenialOnly(request.authRequest);
    await audit.write('request.wrong_number', {
      userId: request.userId,
      appKey: request.appKey,
      deviceId: device.id,
    });
    requests.changed(request);
    throw new DeviceRefusal(
      'wrong_number',
      'That was another number: the request can only be denied.',
    );
  }

  private async prove(
    device: DeviceRecord,
    request: RequestRecord,
    { auth }: Answer,
    { members, party }: SentAnswer,
  ): Promise<Proven> {
    const proofs = members.proofs ?? {};
    if (typeof proofs !== 'object') throw invalid('proofs must be an object.');
    const { knowledge, webauthn, location } = proofs as Record<string, unknown>;
    const challenge = answerChallenge(request.authRequest, device.id, auth);
    const proven: Proven = { knowledge: 0, inherence: 0, possession: 1, location: false };
    if (device.knowledgeKey && (await verifyEc(device.knowledgeKey, challenge, knowledge))) {
      proven.knowledge = 1;
    }
    const { webauthn: credential } = device;
    if (credential && webauthn !== undefined) {
      const text = challenge.toString('base64url');
      const counter = await verifyAssertion(party, text, credential, webauthn);
      if (counter !== undefined) {
        proven.inherence = 1;
        proven.possession = 2;
        await this.with.data.devices.update(device.id, {
          webauthn: { ...credential, counter },
        });
      }
    }
    if (request.policy) {
      proven.location = insideLocation(request.policy, location, this.with.clock());
    }
    return proven;
  }

  private receipt(
    device: DeviceRecord,
    { authRequest, appKey, userId }: RequestRecord,
    answer: Answer,
    { body, signed }: SentAnswer,
  ): ReceiptRecord {
    return {
      authRequest,
      appKey,
      userId,
      deviceId: device.id,
      approved: answer.approved,
      at: this.with.clock(),
      publicKey: device.publicKey,
      signed: signed.base,
      signature: signed.signature,
      body,
    };
  }

  /** `undefined` if the same answer, sent twice as its connection broke, was recorded meanwhile. */
  private async record(
    device: DeviceRecord,
    open: OpenRequest,
    answer: Answer,
    kept: Pick<AnswerStep, 'receipt' | 'audit' | 'fraud'>,
  ): Promise<Answered | undefined> {
    const { authRequest } = open.request;
    try {
      const given = { authRequest, deviceId: device.id, ...answer };
      return await this.with.requests.answer(open, given, kept);
    } catch (error) {
      if (await this.recorded(device, authRequest, answer.approved)) return undefined;
      throw asRefusal(error);
    }
  }

  private async recorded(device: DeviceRecord, authRequest: string, approved: unknown) {
    const receipt = await this.with.data.receipts.get(authRequest);
    return receipt?.deviceId === device.id && receipt.approved === approved;
  }
}

/** What is encrypted for a key that the application had when the device looked, it could not read. */
function checkKey(pem: string, digest: unknown): void {
  if (typeof digest !== 'string') {
    throw invalid(
      'keyDigest must be the SHA-256 of the key that auth is encrypted for, in base64.',
    );
  }
  const publicKey = spkiBase64(pem);
  if (digest === sha256(Buffer.from(publicKey, 'base64'))) return;
  const message = 'The application has another key now: encrypt the answer for that one.';
  throw new DeviceRefusal('key_changed', message, { publicKey });
}

function asRefusal(error: unknown): unknown {
  const code = error instanceof LaunchKeyEngineError ? CODES[error.code] : undefined;
  return code && error instanceof Error ? new DeviceRefusal(code, error.message) : error;
}
