import { sha256 } from '../crypto/digest.js';
import { thumbprint, verifyEc } from '../crypto/ec.js';
import type { Data } from '../data/data.js';
import type { DeviceRecord, WebAuthnCredential } from '../data/ports/devices.js';
import type { Audit } from './audit.js';
import { DeviceRefusal, invalid } from './device-refusal.js';
import { readKey } from './devices.js';
import type { Signals } from './signals.js';
import { type Party, registrationOptions, verifyRegistration } from './webauthn.js';

/** How long a WebAuthn credential can be registered after the device asked to. */
const ENROLMENT_LIFE = 5 * 60_000;

/**
 * What a device can prove besides that it is there. Whoever holds an unlocked phone must not be able
 * to put a factor of his own in the place of the user's: so a factor is set up once, and replaced only
 * with the proof by the old one.
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

  /** Registers the key that the device can use only with the user's PIN. */
  async enrolKnowledge(
    device: DeviceRecord,
    given: { publicKey: unknown; proof: unknown },
  ): Promise<void> {
    const knowledgeKey = readKey(given.publicKey);
    if (thumbprint(knowledgeKey) === thumbprint(device.publicKey)) {
      throw invalid('publicKey must be another key than the one of the device.');
    }
    if (device.knowledgeKey) {
      const text = `launchkey-knowledge\n${device.id}\n${thumbprint(knowledgeKey)}`;
      const digest = Buffer.from(sha256(text), 'base64');
      if (!(await verifyEc(device.knowledgeKey, digest, given.proof))) {
        throw new DeviceRefusal(
          'enrolled',
          'There is a PIN already, and the proof by it is missing.',
        );
      }
    }
    await this.data.devices.update(device.id, { knowledgeKey });
    await this.enrolled(device, 'knowledge');
  }

  /** What the page calls `navigator.credentials.create` with. */
  async webauthnOptions(device: DeviceRecord, username: string, party: Party) {
    refuseSecond(device);
    const options = await registrationOptions(party, username, device.id);
    const expiresAt = this.clock() + ENROLMENT_LIFE;
    const { challenge } = options;
    await this.data.devices.update(device.id, { enrolment: { challenge, expiresAt } });
    return options;
  }

  /** Registers the credential that was made with these options. */
  async enrolWebauthn(
    device: DeviceRecord,
    response: unknown,
    party: Party,
  ): Promise<Pick<WebAuthnCredential, 'credentialId' | 'transports'>> {
    refuseSecond(device);
    const { enrolment } = device;
    if (!enrolment || enrolment.expiresAt <= this.clock()) {
      throw invalid('Ask for options first, and answer them within five minutes.');
    }
    const webauthn = await verifyRegistration(party, enrolment.challenge, response);
    if (!webauthn) {
      throw invalid('response must be the registration, with user verification, of these options.');
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

function refuseSecond(device: DeviceRecord): void {
  if (!device.webauthn) return;
  throw new DeviceRefusal(
    'enrolled',
    'There is a credential already: to use another one, pair the device anew.',
  );
}
