/** The HTTP status of each code of the device protocol. */
const STATUS = {
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
  withdrawn: 410,
  policy: 422,
  too_many: 429,
  unavailable: 503,
} as const;
export type DeviceCode = keyof typeof STATUS;

/** A refused request of a device, see DEVICE-PROTOCOL.md. */
export class DeviceError extends Error {
  readonly code: DeviceCode;
  /** Further members of the response's `error`. */
  readonly extra: Record<string, unknown>;
  readonly retryAfterMs: number | undefined;

  constructor(
    code: DeviceCode,
    message: string,
    { retryAfterMs, ...extra }: { retryAfterMs?: number; [member: string]: unknown } = {},
  ) {
    super(message);
    this.name = 'DeviceError';
    this.code = code;
    this.extra = extra;
    this.retryAfterMs = retryAfterMs;
  }

  get status(): number {
    return STATUS[this.code];
  }
}
