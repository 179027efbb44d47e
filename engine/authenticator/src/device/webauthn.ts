import { base64url, fromBase64 } from './bytes.js';
import type { OwnDevice } from './client.js';

/** What is asked of `navigator.credentials.create`, as the engine sends it. */
export interface CreationOptions {
  challenge: string;
  rp: PublicKeyCredentialRpEntity;
  user: { id: string; name: string; displayName: string };
  pubKeyCredParams: PublicKeyCredentialParameters[];
  excludeCredentials?: { id: string; type: 'public-key'; transports?: AuthenticatorTransport[] }[];
  timeout?: number;
  attestation?: AttestationConveyancePreference;
  authenticatorSelection?: AuthenticatorSelectionCriteria;
}

export function webauthnWorks(): boolean {
  // Not under an address, for credentials belong to names.
  return 'PublicKeyCredential' in window && !/^[\d.]+$|^\[/.test(location.hostname);
}

/** Makes a credential; the result is a `RegistrationResponseJSON`. */
export async function register(options: CreationOptions): Promise<object> {
  const credential = await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: fromBase64(options.challenge),
      user: { ...options.user, id: fromBase64(options.user.id) },
      excludeCredentials: options.excludeCredentials?.map((one) => ({
        ...one,
        id: fromBase64(one.id),
      })),
    },
  });
  const made = credential as PublicKeyCredential;
  const response = made.response as AuthenticatorAttestationResponse;
  return asJson(made, {
    clientDataJSON: base64url(response.clientDataJSON),
    attestationObject: base64url(response.attestationObject),
    transports: response.getTransports(),
  });
}

/** Has the user confirm the challenge; the result is an `AuthenticationResponseJSON`. */
export async function assert(
  challenge: ArrayBuffer,
  { credentialId, transports }: NonNullable<OwnDevice['webauthn']>,
): Promise<object> {
  const credential = await navigator.credentials.get({
    publicKey: {
      challenge,
      rpId: location.hostname,
      userVerification: 'required',
      allowCredentials: [
        {
          type: 'public-key',
          id: fromBase64(credentialId),
          transports: transports as AuthenticatorTransport[],
        },
      ],
    },
  });
  const given = credential as PublicKeyCredential;
  const response = given.response as AuthenticatorAssertionResponse;
  return asJson(given, {
    clientDataJSON: base64url(response.clientDataJSON),
    authenticatorData: base64url(response.authenticatorData),
    signature: base64url(response.signature),
    ...(response.userHandle && { userHandle: base64url(response.userHandle) }),
  });
}

function asJson({ id, rawId, type }: PublicKeyCredential, response: object): object {
  return { id, rawId: base64url(rawId), type, response, clientExtensionResults: {} };
}
