import type { PendingRequest, UserState } from '../phone.js';
import { t } from '../texts/index.js';
import { makeDeviceKeys, publicJwk, thumbprint } from './keys.js';
import { type Call, type Signer, signedFetch } from './signed-fetch.js';
import type { Pairing } from './store.js';

export interface DeviceRequest extends PendingRequest {
  app: PendingRequest['app'] & { publicKey: string };
  denialOnly: boolean;
}

export interface Device {
  id: string;
  name: string;
  createdAt: number;
  lastSeenAt: number;
}

/** What the engine knows of this device. */
export interface OwnDevice {
  id: string;
  name: string;
  /** Whether it has a knowledge key, which the PIN unwraps. */
  knowledge: boolean;
  webauthn: { credentialId: string; transports: string[] } | null;
  /** Whether the engine pushes to it. */
  push: boolean;
}

export interface DeviceState extends UserState {
  version: string;
  device: OwnDevice;
  devices: Device[];
  requests: DeviceRequest[];
  /** Until when one request of a new browser passes whatever strangers ask for. */
  loginExpectedUntil: number | null;
  pausedUntil: number | null;
  /** By which push services know the engine; none if it does not push. */
  pushKey?: string;
}

export type RefusalCode = keyof typeof t.errors;

/** A refusal of the engine's, in words for people; without a code if it could not be reached. */
export class Refusal extends Error {
  readonly code?: RefusalCode;
  /** With `key_changed`: the key that the answer has to be encrypted for. */
  readonly publicKey?: string;

  constructor(code?: RefusalCode, publicKey?: string) {
    super(code ? t.errors[code] : t.unreachable);
    this.code = code;
    this.publicKey = publicKey;
  }
}

/** Beside the page, whatever path a proxy has put before both. */
const API = new URL('../api/', import.meta.url).href;
/** How long the engine is asked to hold a request for the state, in seconds. */
const HOLD = 25;
/** What a held request may take longer than that before its connection counts as dead, in milliseconds. */
const SLACK = 10_000;

/** Makes the keys of this browser and pairs it. */
export async function pair(code: string, name: string): Promise<Pairing> {
  const keys = await makeDeviceKeys();
  const publicKey = await publicJwk(keys.publicKey);
  const signer = { key: keys.privateKey, keyId: await thumbprint(publicKey) };
  const body = { code, name, publicKey };
  const response = await new Connection(signer).send({ url: `${API}pair`, body });
  const { device, token, username } = await response.json();
  return { deviceId: device.id, token, username, keys };
}

/** What a paired device asks of the engine. */
export class DeviceClient {
  private readonly connection: Connection;

  constructor({ keys, deviceId, token }: Pairing) {
    this.connection = new Connection({ key: keys.privateKey, keyId: deviceId, token });
  }

  /** The engine's time. */
  now(): number {
    return this.connection.now();
  }

  async post<T>(path: string, body: object = {}): Promise<T> {
    const response = await this.connection.send({ url: API + path, body });
    return await response.json();
  }

  /** The state; held while its version is still `known`, and `undefined` if it stays so. */
  async state(known: string | undefined, left: AbortSignal): Promise<DeviceState | undefined> {
    const dead = new AbortController();
    const end = () => dead.abort();
    const timer = window.setTimeout(end, HOLD * 1000 + SLACK);
    left.addEventListener('abort', end);
    try {
      const headers: Record<string, string> = known
        ? { prefer: `wait=${HOLD}`, 'if-none-match': `"${known}"` }
        : {};
      const call = { url: `${API}state`, headers, signal: dead.signal };
      const response = await this.connection.send(call);
      if (response.status === 304) return undefined;
      const state: DeviceState = await response.json();
      this.connection.engineSays(state.now);
      return state;
    } finally {
      window.clearTimeout(timer);
      left.removeEventListener('abort', end);
    }
  }
}

/** Signs in the engine's time, which it learns from the engine. */
class Connection {
  private readonly signer: Signer;
  /** The engine's clock minus this browser's. */
  private offset = 0;

  constructor(signer: Signer) {
    this.signer = signer;
  }

  now(): number {
    return Date.now() + this.offset;
  }

  engineSays(now: number): void {
    this.offset = now - Date.now();
  }

  async send(call: Call, again = true): Promise<Response> {
    let response: Response;
    try {
      response = await signedFetch(this.signer, call, this.now());
    } catch (error) {
      throw call.signal?.aborted ? error : new Refusal();
    }
    if (response.ok || response.status === 304) return response;
    const said = await response.json().catch(() => undefined);
    const code: string = said?.error?.code ?? '';
    if (code === 'clock' && again && Number.isFinite(said.error.now)) {
      this.engineSays(said.error.now);
      return await this.send(call, false);
    }
    const known = code in t.errors ? (code as RefusalCode) : 'unavailable';
    throw new Refusal(known, said?.error?.publicKey);
  }
}
