import type { Policy } from '../../data/ports/requests.js';

const FACTORS = ['all', 'knowledge', 'inherence', 'possession'] as const;
const MAX_FACTORS = 5;
const MAX_LOCATIONS = 50;

/**
 * Reads the JSON text of a policy. A policy with an unknown part is refused, because a part that is not
 * enforced would weaken it. The returned text completes the sentence "The policy …".
 */
export function parsePolicy(text: string): Policy | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'is not JSON';
  }
  if (!isObject(value)) return 'is not a JSON object';
  const minimumRequirements = readRequirements(value.minimum_requirements ?? []);
  if (typeof minimumRequirements === 'string') return minimumRequirements;
  const locations = readFactors(value.factors ?? []);
  if (typeof locations === 'string') return locations;
  return { minimumRequirements, locations };
}

function readRequirements(value: unknown): Policy['minimumRequirements'] | string {
  const needed = { all: 0, knowledge: 0, inherence: 0, possession: 0 };
  if (!Array.isArray(value)) return 'has minimum_requirements that are not an array';
  if (value.length > 1) return 'has more than one of minimum_requirements';
  const [requirement] = value as unknown[];
  if (requirement === undefined) return needed;
  if (!isObject(requirement)) return 'has minimum_requirements that hold no object';
  if ((requirement.requirement ?? 'authenticated') !== 'authenticated') {
    return 'has a minimum requirement other than "authenticated"';
  }
  for (const factor of FACTORS) {
    const number = readNumber(requirement[factor] ?? 0);
    if (!Number.isInteger(number) || number < 0 || number > MAX_FACTORS) {
      return `asks for a number of ${factor} that is not a whole number from 0 to ${MAX_FACTORS}`;
    }
    needed[factor] = number;
  }
  if (needed.all > 0 && needed.knowledge + needed.inherence + needed.possession > 0) {
    return 'asks for "all" together with a named factor; these exclude each other';
  }
  return needed;
}

function readFactors(value: unknown): Policy['locations'] | string {
  if (!Array.isArray(value)) return 'has factors that are not an array';
  if (value.length > 1) return 'has more than one factor';
  const [factor] = value as unknown[];
  if (factor === undefined) return [];
  if (!isObject(factor) || factor.factor !== 'geofence')
    return 'has a factor other than "geofence"';
  const attributes = factor.attributes;
  const locations = isObject(attributes) ? attributes.locations : undefined;
  if (!Array.isArray(locations) || locations.length === 0 || locations.length > MAX_LOCATIONS) {
    return `has a geofence without 1 to ${MAX_LOCATIONS} locations`;
  }
  const read = locations.map(readLocation);
  const valid = read.filter((location) => location !== undefined);
  return valid.length === read.length
    ? valid
    : 'has a location without radius, latitude, longitude';
}

function readLocation(value: unknown): Policy['locations'][number] | undefined {
  if (!isObject(value)) return undefined;
  const radius = readNumber(value.radius);
  const latitude = readNumber(value.latitude);
  const longitude = readNumber(value.longitude);
  const valid = radius > 0 && Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180;
  return valid && Number.isFinite(radius) ? { radius, latitude, longitude } : undefined;
}

/** Reads a number or its decimal text. Other values that JavaScript converts are refused. */
function readNumber(value: unknown): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
