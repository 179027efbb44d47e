import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  RegistrationResponseJSON,
} from '@simplewebauthn/server';
import type { WebAuthnCredential } from '../data/ports/devices.js';

/** Loaded when used: it is half of all code that an engine loads, and many engines never need it. */
const library = () => import('@simplewebauthn/server');

/** The relying party: the origin of the page, whose host is its id. */
export interface Party {
  origin: string;
}

/** Makes the options for `navigator.credentials.create`. */
export async function registrationOptions(
  party: Party,
  username: string,
  deviceId: string,
): Promise<PublicKeyCredentialCreationOptionsJSON> {
  const { generateRegistrationOptions } = await library();
  return await generateRegistrationOptions({
    rpName: 'LaunchKey',
    rpID: partyId(party),
    userName: username,
    userID: new TextEncoder().encode(deviceId),
    attestationType: 'none',
    authenticatorSelection: { userVerification: 'required', residentKey: 'discouraged' },
  });
}

/** Returns the new credential, or `undefined` if the response is not valid. */
export async function verifyRegistration(
  party: Party,
  challenge: string,
  response: unknown,
): Promise<WebAuthnCredential | undefined> {
  const { verifyRegistrationResponse } = await library();
  try {
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: response as RegistrationResponseJSON,
      expectedChallenge: challenge,
      expectedOrigin: party.origin,
      expectedRPID: partyId(party),
      requireUserVerification: true,
    });
    if (!verified) return undefined;
    const { id, publicKey, counter, transports = [] } = registrationInfo.credential;
    return {
      credentialId: id,
      publicKey: Buffer.from(publicKey).toString('base64url'),
      counter,
      transports: transports.filter((one) => /^[a-z-]{1,20}$/.test(one)).slice(0, 8),
    };
  } catch {
    // The library throws for every invalid response.
    return undefined;
  }
}

/** Returns the credential's new counter, or `undefined` if the response is not valid. */
export async function verifyAssertion(
  party: Party,
  challenge: string,
  credential: WebAuthnCredential,
  response: unknown,
): Promise<number | undefined> {
  const { verifyAuthenticationResponse } = await library();
  try {
    if ((response as AuthenticationResponseJSON).id !== credential.credentialId) return undefined;
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: response as AuthenticationResponseJSON,
      expectedChallenge: challenge,
      expectedOrigin: party.origin,
      expectedRPID: partyId(party),
      requireUserVerification: true,
      credential: {
        id: credential.credentialId,
        publicKey: new Uint8Array(Buffer.from(credential.publicKey, 'base64url')),
        counter: credential.counter,
      },
    });
    return verified && authenticationInfo.userVerified ? authenticationInfo.newCounter : undefined;
  } catch {
    return undefined;
  }
}

function partyId({ origin }: Party): string {
  return new URL(origin).hostname;
}
