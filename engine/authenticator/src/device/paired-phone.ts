import type { Decision, DenialReason, Outcome, Phone } from '../phone.js';
import { t } from '../texts/index.js';
import { sealAnswer } from './auth-package.js';
import { type DeviceClient, type DeviceRequest, Refusal } from './client.js';

/** Answers with the keys of this browser. */
export class PairedPhone implements Phone<DeviceRequest> {
  private readonly client: DeviceClient;
  private readonly deviceId: string;

  constructor(client: DeviceClient, deviceId: string) {
    this.client = client;
    this.deviceId = deviceId;
  }

  hindrance(request: DeviceRequest): string | undefined {
    if (request.denialOnly) return t.numberSpent;
    return possessionSuffices(request) ? undefined : t.onlyDeny(request.app.name);
  }

  async answer(request: DeviceRequest, decision: Decision): Promise<Outcome> {
    if (!decision.approve) return await this.deny(request, decision.reason ?? whyDenied(request));
    try {
      return await this.approve(request, decision.number);
    } catch (error) {
      const { code } = error as Refusal;
      if (code !== 'wrong_number' && code !== 'denial_only') throw error;
      // The application learns of it by the answer alone.
      return await this.deny(request, 'number');
    }
  }

  async endSessions(appKey?: string): Promise<void> {
    await this.client.post('sessions/end', { appKey });
  }

  private async approve(request: DeviceRequest, number?: string): Promise<Outcome> {
    const { authRequest } = request;
    const auth = await sealAnswer(request, this.deviceId);
    return await this.send({ authRequest, approved: true, number, auth });
  }

  private async deny(request: DeviceRequest, reason: DenialReason): Promise<Outcome> {
    const { authRequest } = request;
    const auth = await sealAnswer(request, this.deviceId, reason);
    await this.send({ authRequest, approved: false, reason, auth });
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
}

function whyDenied(request: DeviceRequest): DenialReason {
  if (request.denialOnly) return 'number';
  return possessionSuffices(request) ? 'disapproved' : 'policy';
}

/** Whether the key of this device is all that is asked for. */
function possessionSuffices({ policy }: DeviceRequest): boolean {
  if (!policy) return true;
  const { all, knowledge, inherence, possession } = policy.minimumRequirements;
  const one = all <= 1 && possession <= 1 && knowledge === 0 && inherence === 0;
  return one && policy.locations.length === 0;
}
