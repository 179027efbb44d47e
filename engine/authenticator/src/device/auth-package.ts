import type { DenialReason } from '../phone.js';
import { base64, fromBase64, utf8 } from './bytes.js';
import type { DeviceRequest } from './client.js';

const OAEP = { name: 'RSA-OAEP', hash: 'SHA-1' };

/** The answer as only the application can read it, in base64; a denial has a reason. */
export async function sealAnswer(
  { authRequest, app }: DeviceRequest,
  deviceId: string,
  reason?: DenialReason,
): Promise<string> {
  const text = JSON.stringify({
    auth_request: authRequest,
    response: String(reason === undefined),
    device_id: deviceId,
    app_pins: '',
    ...(reason && { reason }),
  });
  const spki = fromBase64(app.publicKey);
  const key = await crypto.subtle.importKey('spki', spki, OAEP, false, ['encrypt']);
  return base64(await crypto.subtle.encrypt({ name: OAEP.name }, key, utf8(text)));
}
