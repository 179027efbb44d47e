/** The HTTP status that goes with each code of the device protocol. */
export const DEVICE_STATUS = {
  invalid: 400,
  unpaired: 401,
  signature: 401,
  clock: 401,
  replay: 401,
  unknown_code: 404,
  unknown_request: 404,
  unknown_device: 404,
  answered: 409,
  wrong_number: 409,
  denial_only: 409,
  full: 409,
  enrolled: 409,
  key_changed: 409,
  expired: 410,
  policy: 422,
  too_many: 429,
  unavailable: 503,
} as const;
export type DeviceCode = keyof typeof DEVICE_STATUS;

/** Why a device is refused something; the members of `extra` go beside code and message. */
export class DeviceRefusal extends Error {
  readonly code: DeviceCode;
  readonly extra: Record<string, unknown>;
  /** In milliseconds. */
  readonly retryAfter?: number;

  constructor(
    code: DeviceCode,
    message: string,
    { retryAfter, ...extra }: { retryAfter?: number; [member: string]: unknown } = {},
  ) {
    super(message);
    this.name = 'DeviceRefusal';
    this.code = code;
    this.extra = extra;
    this.retryAfter = retryAfter;
  }
}

export function invalid(message: string): DeviceRefusal {
  return new DeviceRefusal('invalid', message);
}
