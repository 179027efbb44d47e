import { sha256 } from '../crypto/digest.js';
import { thumbprint, verifyEc } from '../crypto/ec.js';
import type { Data } from '../data/data.js';
import type { DeviceRecord, WebAuthnCredential } from '../data/ports/devices.js';
import type { Audit } from './audit.js';
import { readPublicKey } from './devices.js';
import { invalid, isRefused, type Refusal } from './refusals.js';
import type { Signals } from './signals.js';
import { type Party, registrationOptions, verifyRegistration } from './webauthn.js';

/** How long a device can use the options that it asked for to register a WebAuthn credential. */
const ENROLMENT_LIFE_MS = 5 * 60_000;

/**
 * The factors that a device can prove besides possession. A thief with an unlocked phone must not
 * replace a factor of the user: a factor is set up once, and replaced only with a proof by the old one.
 */
export class Factors {
  private readonly data: Data;
  private readonly audit: Audit;
  private readonly signals: Signals;
  private readonly clock: () => number;

  constructor(data: Data, audit: Audit, signals: Signals, clock: () => number) {
    this.data = data;
    this.audit = audit;
    this.signals = signals;
    this.clock = clock;
  }

  /** Registers the key that the device can use only with the user's PIN. Returns the refusal, if any. */
  async enrolKnowledge(
    device: DeviceRecord,
    given: { publicKey: unknown; proof: unknown },
  ): Promise<Refusal<'invalid' | 'already_enrolled'> | undefined> {
    const knowledgeKey = readPublicKey(given.publicKey);
    if (isRefused(knowledgeKey)) return knowledgeKey;
    if (thumbprint(knowledgeKey) === thumbprint(device.publicKey)) {
      return invalid('publicKey', "another key than the device's own");
    }
    if (device.knowledgeKey) {
      const text = `launchkey-knowledge\n${device.id}\n${thumbprint(knowledgeKey)}`;
      const digest = Buffer.from(sha256(text), 'base64');
      if (!(await verifyEc(device.knowledgeKey, digest, given.proof))) {
        return { refused: 'already_enrolled', factor: 'pin' };
      }
    }
    await this.data.devices.update(device.id, { knowledgeKey });
    await this.enrolled(device, 'knowledge');
    return undefined;
  }

  /** Makes the options for `navigator.credentials.create`. */
  async webauthnOptions(device: DeviceRecord, username: string, party: Party) {
    const second = refuseSecond(device);
    if (second) return second;
    const options = await registrationOptions(party, username, device.id);
    const expiresAt = this.clock() + ENROLMENT_LIFE_MS;
    const { challenge } = options;
    await this.data.devices.update(device.id, { enrolment: { challenge, expiresAt } });
    return options;
  }

  /** Registers the credential that the device made with the options. */
  async enrolWebauthn(
    device: DeviceRecord,
    response: unknown,
    party: Party,
  ): Promise<
    | Pick<WebAuthnCredential, 'credentialId' | 'transports'>
    | Refusal<'invalid' | 'already_enrolled'>
  > {
    const second = refuseSecond(device);
    if (second) return second;
    const { enrolment } = device;
    if (!enrolment || enrolment.expiresAt <= this.clock()) {
      return invalid('response', 'made with options of the last five minutes');
    }
    const webauthn = await verifyRegistration(party, enrolment.challenge, response);
    if (!webauthn) {
      return invalid('response', 'the registration, with user verification, for the last options');
    }
    await this.data.devices.update(device.id, { webauthn, enrolment: null });
    await this.enrolled(device, 'webauthn');
    return { credentialId: webauthn.credentialId, transports: webauthn.transports };
  }

  private async enrolled(device: DeviceRecord, factor: string): Promise<void> {
    const { id: deviceId, userId } = device;
    await this.audit.write('factor.enrolled', { userId, deviceId }, { factor });
    this.signals.publish({ userId });
  }
}

function refuseSecond(device: DeviceRecord): Refusal<'already_enrolled'> | undefined {
  return device.webauthn ? { refused: 'already_enrolled', factor: 'webauthn' } : undefined;
}
