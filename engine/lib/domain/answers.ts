import { decodeBase64 } from '../crypto/base64.js';
import { sha256 } from '../crypto/digest.js';
import { verifyEc } from '../crypto/ec.js';
import { modulusBytes, type PublicKeys, spkiBase64 } from '../crypto/keys.js';
import type { Data } from '../data/data.js';
import type { DeviceRecord } from '../data/ports/devices.js';
import type { ReceiptRecord } from '../data/ports/receipts.js';
import type { DenialReason, Policy, RequestRecord } from '../data/ports/requests.js';
import type { Metrics } from '../observability/metrics.js';
import type { Audit, AuditSubject } from './audit.js';
import type { Fraud } from './fraud.js';
import { answerChallenge, insideLocation, type Proven, refuseUnproven } from './proofs.js';
import { invalid, isRefused, type Refusal } from './refusals.js';
import { type AnswerRefusal, DENIAL_REASONS, type OpenRequest, type Requests } from './requests.js';
import type { SignedRequest } from './signed-request.js';
import { type Party, verifyAssertion } from './webauthn.js';

/** Why an answer is not taken. */
export type TakeRefusal =
  | AnswerRefusal
  | Refusal<'invalid' | 'key_changed' | 'wrong_number' | 'policy'>;

export interface AnswerDependencies {
  data: Data;
  requests: Requests;
  publicKeys: PublicKeys;
  fraud: Fraud;
  audit: Audit;
  metrics: Metrics;
  clock: () => number;
}

/** An answer as the device sent it. */
export interface SentAnswer {
  /** The members of the body. */
  members: Record<string, unknown>;
  body: string;
  signed: SignedRequest;
  party: Party;
  /** Names the HTTP request in the log. */
  requestId: string;
}

interface Answer {
  approved: boolean;
  reason?: DenialReason;
  auth: string;
}

/**
 * Takes the answers of paired devices. The engine cannot read the encrypted answer, but the device also
 * tells it the decision. The engine refuses an approval with a wrong number or with fewer proofs than
 * the policy asks for, and stores what the device signed.
 */
export class Answers {
  private readonly with: AnswerDependencies;

  constructor(dependencies: AnswerDependencies) {
    this.with = dependencies;
  }

  async take(device: DeviceRecord, sent: SentAnswer): Promise<{ approved: boolean } | TakeRefusal> {
    const { authRequest } = sent.members;
    if (typeof authRequest !== 'string') return invalid('authRequest', 'the token of a request');
    const open = await this.open(device, authRequest, sent.members.approved);
    if (open === 'recorded') return { approved: sent.members.approved === true };
    if (isRefused(open)) return open;
    const answer = this.read(open, sent.members);
    if (isRefused(answer)) return answer;
    const refusal = answer.approved && (await this.refuseApproval(device, open, answer, sent));
    return refusal || (await this.record(device, open, answer, sent));
  }

  /** Returns `'recorded'` if this device gave the same answer before and got no response. */
  private async open(
    device: DeviceRecord,
    authRequest: string,
    approved: unknown,
  ): Promise<OpenRequest | 'recorded' | AnswerRefusal> {
    const { requests, data } = this.with;
    const open = await requests.open(authRequest);
    if (!isRefused(open)) {
      return open.request.userId === device.userId ? open : { refused: 'unknown_request' };
    }
    if (await this.recorded(device, authRequest, approved)) return 'recorded';
    const known = await data.requests.get(authRequest);
    const isForeign = known !== undefined && !('past' in known) && known.userId !== device.userId;
    return isForeign ? { refused: 'unknown_request' } : open;
  }

  private read(
    open: OpenRequest,
    members: Record<string, unknown>,
  ): Answer | Refusal<'invalid' | 'key_changed'> {
    const { approved, reason, auth, keyDigest } = members;
    if (typeof approved !== 'boolean') return invalid('approved', 'true or false');
    if (approved && reason !== undefined) return invalid('reason', 'omitted from an approval');
    if (!approved && !DENIAL_REASONS.includes(reason as DenialReason)) {
      return invalid('reason', `one of ${DENIAL_REASONS.join(', ')}`);
    }
    const key = this.with.requests.answerKey(open);
    const otherKey = refuseKey(key, keyDigest);
    if (otherKey) return otherKey;
    const bytes = modulusBytes(this.with.publicKeys.get(key));
    const decoded = typeof auth === 'string' ? decodeBase64(auth, bytes) : undefined;
    if (!decoded || decoded.toString('base64') !== auth) {
      return invalid('auth', `base64 of the ${bytes} bytes that are encrypted for the application`);
    }
    return { approved, reason: reason as DenialReason | undefined, auth: auth as string };
  }

  private async refuseApproval(
    device: DeviceRecord,
    { request }: OpenRequest,
    answer: Answer,
    sent: SentAnswer,
  ): Promise<Refusal<'denial_only' | 'invalid' | 'wrong_number' | 'policy'> | undefined> {
    if (request.denialOnly) return { refused: 'denial_only' };
    const wrongNumber = await this.refuseNumber(device, request, sent.members.number);
    if (wrongNumber) return wrongNumber;
    const { policy } = request;
    if (!policy) return undefined;
    const proven = await this.prove(device, request, policy, answer, sent);
    return isRefused(proven) ? proven : refuseUnproven(policy, proven);
  }

  private async refuseNumber(
    device: DeviceRecord,
    request: RequestRecord,
    number: unknown,
  ): Promise<Refusal<'invalid' | 'wrong_number'> | undefined> {
    if (request.number === undefined) return undefined;
    const { length } = request.number;
    if (typeof number !== 'string' || !/^\d+$/.test(number) || number.length !== length) {
      return invalid('number', `the ${length} digits that the user picks or types`);
    }
    if (number === request.number) return undefined;
    const { data, audit, requests } = this.with;
    await data.requests.allowDenialOnly(request.authRequest);
    await audit.write('request.wrong_number', aboutAnswer(device, request));
    requests.changed(request);
    return { refused: 'wrong_number' };
  }

  private async prove(
    device: DeviceRecord,
    request: RequestRecord,
    policy: Policy,
    { auth }: Answer,
    { members, party }: SentAnswer,
  ): Promise<Proven | Refusal<'invalid'>> {
    const proofs = members.proofs ?? {};
    if (typeof proofs !== 'object') return invalid('proofs', 'an object');
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
    proven.location = insideLocation(policy, location, this.with.clock());
    return proven;
  }

  /** The same answer can be sent twice because its connection broke: it is recorded once. */
  private async record(
    device: DeviceRecord,
    open: OpenRequest,
    answer: Answer,
    sent: SentAnswer,
  ): Promise<{ approved: boolean } | AnswerRefusal> {
    const { requests, metrics, fraud, audit } = this.with;
    const { request } = open;
    const { authRequest } = request;
    const { approved, reason } = answer;
    const about = aboutAnswer(device, request);
    const kind = approved ? 'request.approved' : 'request.denied';
    const answered = await requests.answer(
      open,
      { authRequest, deviceId: device.id, ...answer },
      {
        receipt: this.receipt(device, request, answer, sent),
        audit: audit.entry(kind, about, reason ? { reason } : {}),
        ...(reason === 'fraudulent' && { fraud: fraud.report(about) }),
      },
    );
    if (isRefused(answered)) {
      return (await this.recorded(device, authRequest, approved)) ? { approved } : answered;
    }
    metrics.answer(approved ? 'approved' : (reason ?? 'disapproved'));
    if (answered.fraud) fraud.reported(about, answered.fraud, sent.requestId);
    return { approved };
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

  private async recorded(device: DeviceRecord, authRequest: string, approved: unknown) {
    const receipt = await this.with.data.receipts.get(authRequest);
    return receipt?.deviceId === device.id && receipt.approved === approved;
  }
}

function aboutAnswer(device: DeviceRecord, { userId, appKey }: RequestRecord): AuditSubject {
  return { userId, appKey, deviceId: device.id };
}

/** The application could not decrypt an answer for a key that it had earlier. */
function refuseKey(pem: string, digest: unknown): Refusal<'invalid' | 'key_changed'> | undefined {
  if (typeof digest !== 'string') {
    return invalid('keyDigest', 'base64 of the SHA-256 of the key that auth is encrypted for');
  }
  const publicKey = spkiBase64(pem);
  const isCurrent = digest === sha256(Buffer.from(publicKey, 'base64'));
  return isCurrent ? undefined : { refused: 'key_changed', publicKey };
}
