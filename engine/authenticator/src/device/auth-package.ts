import type { DenialReason } from '../phone.js';
import { base64, fromBase64, sha256, utf8 } from './bytes.js';
import type { DeviceRequest } from './client.js';

const OAEP = { name: 'RSA-OAEP', hash: 'SHA-1' };

export interface SealedAnswer {
  auth: string;
  /** Of the key that it is encrypted for. */
  keyDigest: string;
}

/** The answer as only the application can read it, in base64; a denial has a reason. */
export async function sealAnswer(
  { authRequest, app }: DeviceRequest,
  deviceId: string,
  reason?: DenialReason,
): Promise<SealedAnswer> {
  const text = JSON.stringify({
    auth_request: authRequest,
    response: String(reason === undefined),
    device_id: deviceId,
    app_pins: '',
    ...(reason && { reason }),
  });
  const spki = fromBase64(app.publicKey);
  const key = await crypto.subtle.importKey('spki', spki, OAEP, false, ['encrypt']);
  const auth = await crypto.subtle.encrypt({ name: OAEP.name }, key, utf8(text));
  return { auth: base64(auth), keyDigest: base64(await sha256(spki)) };
}
