import {
  type Decision,
  type DenialReason,
  type Outcome,
  type Phone,
  Unproven,
  type WithdrawnRequest,
} from '../phone.js';
import { t } from '../texts/index.js';
import { sealAnswer } from './auth-package.js';
import { type DeviceClient, type DeviceRequest, Refusal } from './client.js';
import type { Factors } from './factors.js';

/** Answers with the keys of this browser. */
export class PairedPhone implements Phone<DeviceRequest> {
  private readonly client: DeviceClient;
  private readonly deviceId: string;
  private readonly factors: Factors;
  /** The request that could not be approved for want of a proof. */
  private unproven: string | undefined;

  constructor(client: DeviceClient, deviceId: string, factors: Factors) {
    this.client = client;
    this.deviceId = deviceId;
    this.factors = factors;
  }

  hindrance(request: DeviceRequest): string | undefined {
    if (request.denialOnly) return t.numberSpent;
    return this.factors.lack(request);
  }

  async answer(request: DeviceRequest, decision: Decision): Promise<Outcome> {
    try {
      return await this.decide(request, decision);
    } catch (error) {
      const publicKey = error instanceof Refusal ? error.publicKey : undefined;
      if (publicKey === undefined) throw error;
      // The application was given another key after the request was shown.
      return await this.decide({ ...request, app: { ...request.app, publicKey } }, decision);
    }
  }

  async endSessions(appKey?: string): Promise<void> {
    await this.client.post('sessions/end', { appKey });
  }

  async report({ authRequest }: WithdrawnRequest): Promise<void> {
    await this.client.post('report', { authRequest });
  }

  private async decide(request: DeviceRequest, decision: Decision): Promise<Outcome> {
    if (!decision.approve)
      return await this.deny(request, decision.reason ?? this.whyDenied(request));
    try {
      return await this.approve(request, decision.number);
    } catch (error) {
      const { code } = error as Refusal;
      if (error instanceof Unproven || code === 'policy') this.unproven = request.authRequest;
      if (code !== 'wrong_number' && code !== 'denial_only') throw error;
      // The application learns of it by the answer alone.
      return await this.deny(request, 'number');
    }
  }

  private async approve(request: DeviceRequest, number?: string): Promise<Outcome> {
    const { authRequest } = request;
    const sealed = await sealAnswer(request, this.deviceId);
    const proofs = await this.factors.prove(request, sealed.auth);
    return await this.send({ authRequest, approved: true, number, ...sealed, proofs });
  }

  private async deny(request: DeviceRequest, reason: DenialReason): Promise<Outcome> {
    const { authRequest } = request;
    const sealed = await sealAnswer(request, this.deviceId, reason);
    await this.send({ authRequest, approved: false, reason, ...sealed });
    return { approved: false, reason };
  }

  /** Once more if there was no response: the engine takes the same answer twice. */
  private async send(body: object): Promise<{ approved: boolean }> {
    try {
      return await this.client.post('answer', body);
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== undefined) throw error;
      return await this.client.post('answer', body);
    }
  }

  private whyDenied(request: DeviceRequest): DenialReason {
    if (request.denialOnly) return 'number';
    const wanting = this.unproven === request.authRequest || this.factors.lack(request);
    return wanting ? 'policy' : 'disapproved';
  }
}
