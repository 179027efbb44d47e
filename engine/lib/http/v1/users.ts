import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AppRecord } from '../../data/ports/apps.js';
import type { DeviceRecord } from '../../data/ports/devices.js';
import type { Services } from '../../domain/services.js';
import type { DeviceChangeOfApplication } from '../../domain/white-label.js';
import { launchkeyTime } from '../../util/time.js';
import { incorrectData, incorrectParameter } from './call-refusal.js';
import { identify, readEnvelope } from './envelope.js';
import { decodeText } from './form.js';
import { optionalText, type Parameters, text } from './parameters.js';
import { sendJson } from './respond.js';
import { orRefuse } from './words.js';

const MAX_IDENTIFIER_LENGTH = 1000;
const MAX_DEVICE_ID_LENGTH = 100;
/** Longer than a device's name may be, so that the rule for names reports its own error. */
const MAX_NAME_LENGTH = 1000;

/** Creates a white label user of the application, and a code that pairs a device with the user. */
export async function users(
  services: Services,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { app, parameters } = await readSigned(services, request);
  const identifier = text(parameters, 'identifier', MAX_IDENTIFIER_LENGTH);
  const created = await services.whiteLabel.create(app, identifier);
  return sendJson(reply, {
    successful: true,
    status_code: 201,
    message: '',
    message_code: 10220,
    response: orRefuse('users', created),
  });
}

/** Lists the devices of a white label user, after it has unpaired or renamed one of them if asked to. */
export async function userDevices(
  services: Services,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { app, parameters } = await readSigned(services, request);
  const identifier = text(parameters, 'identifier', MAX_IDENTIFIER_LENGTH);
  const change = readChange(parameters);
  const devices = orRefuse('users', await services.whiteLabel.devices(app, identifier, change));
  return sendJson(reply, { devices: devices.map(shownDevice) });
}

function readChange(parameters: Parameters): DeviceChangeOfApplication {
  const unpair = optionalText(parameters, 'unpair', MAX_DEVICE_ID_LENGTH);
  const { rename } = parameters;
  if (rename === undefined || rename === null) return { unpair };
  if (typeof rename !== 'object' || Array.isArray(rename)) {
    throw incorrectParameter('rename', 'It must be an object with the members id and name.');
  }
  const id = text(rename as Parameters, 'id', MAX_DEVICE_ID_LENGTH);
  return { unpair, rename: { id, name: text(rename as Parameters, 'name', MAX_NAME_LENGTH) } };
}

function shownDevice({ id, name, createdAt }: DeviceRecord): object {
  return { id, name, paired_at: launchkeyTime(createdAt) };
}

/** Reads a call whose signature covers the whole JSON body. */
async function readSigned(
  services: Services,
  request: FastifyRequest,
): Promise<{ app: AppRecord; parameters: Parameters }> {
  const { body } = request;
  if (!Buffer.isBuffer(body)) throw incorrectData('A JSON body is missing.');
  const parameters = { ...readObject(body), signature: (request.query as Parameters).signature };
  const envelope = readEnvelope(parameters);
  const check = () => services.envelopes.checkBody(envelope, body);
  return { app: await identify(services, 'users', request, check), parameters };
}

function readObject(body: Buffer): object {
  let value: unknown;
  try {
    value = JSON.parse(decodeText(body));
  } catch {
    value = undefined;
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw incorrectData('The body is not a JSON object.');
}
