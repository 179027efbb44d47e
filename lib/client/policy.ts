import { ConfigurationError } from '../errors.js';

/** What a user must prove before an approval counts. */
export interface PolicyOptions {
  /** How many factors of any kind are needed, 1 to 5. Not to be combined with a named factor. */
  all?: number | undefined;
  /** Something the user knows: `true`, or how many such factors, 0 to 5. */
  knowledge?: number | boolean | undefined;
  /** Something the user is: `true`, or how many such factors, 0 to 5. */
  inherence?: number | boolean | undefined;
  /** Something the user has: `true`, or how many such factors, 0 to 5. */
  possession?: number | boolean | undefined;
  /** The user's device must be in one of these places. */
  locations?: readonly PolicyLocation[] | undefined;
}

/** A circle on the earth. */
export interface PolicyLocation {
  /** In metres, greater than 0. */
  radius: number;
  /** In degrees, -90 to 90. */
  latitude: number;
  /** In degrees, -180 to 180. */
  longitude: number;
}

/** A policy in the engine's own words. Made by `policy()`. */
export interface Policy {
  minimum_requirements: Array<{
    requirement: 'authenticated';
    all: number;
    knowledge: number;
    inherence: number;
    possession: number;
  }>;
  factors: Array<{
    factor: 'geofence';
    requirement: 'forced requirement';
    quickfail: true;
    priority: 1;
    attributes: { locations: PolicyLocation[] };
  }>;
}

/**
 * Makes a policy for `authorize`: which factors the user must prove, and where the device must be.
 *
 * @throws ConfigurationError that names the option which is out of range, or combined wrongly.
 */
export function policy(options: PolicyOptions): Policy {
  const all = count('all', options.all ?? 0);
  const knowledge = count('knowledge', options.knowledge ?? 0);
  const inherence = count('inherence', options.inherence ?? 0);
  const possession = count('possession', options.possession ?? 0);
  const named = knowledge + inherence + possession;
  if (all > 0 && named > 0) {
    throw new ConfigurationError('all', 'excludes knowledge, inherence and possession');
  }
  const locations = (options.locations ?? []).map(checkLocation);
  if (all + named === 0 && locations.length === 0) {
    throw new ConfigurationError('policy', 'asks for nothing: name a factor or a location');
  }
  return {
    minimum_requirements:
      all + named === 0
        ? []
        : [{ requirement: 'authenticated', all, knowledge, inherence, possession }],
    factors: locations.length === 0 ? [] : [geofence(locations)],
  };
}

function geofence(locations: PolicyLocation[]): Policy['factors'][number] {
  return {
    factor: 'geofence',
    requirement: 'forced requirement',
    quickfail: true,
    priority: 1,
    attributes: { locations },
  };
}

function count(option: string, value: number | boolean): number {
  const number = Number(value);
  const isNumber = typeof value === 'number' || (typeof value === 'boolean' && option !== 'all');
  if (!isNumber || !Number.isInteger(number) || number < 0 || number > 5) {
    throw new ConfigurationError(option, 'must be a whole number from 0 to 5');
  }
  return number;
}

function checkLocation({ radius, latitude, longitude }: PolicyLocation): PolicyLocation {
  inRange('radius', radius, Number.MIN_VALUE, 40_100_000);
  inRange('latitude', latitude, -90, 90);
  inRange('longitude', longitude, -180, 180);
  return { radius, latitude, longitude };
}

function inRange(option: string, value: unknown, min: number, max: number): void {
  if (typeof value !== 'number' || !(value >= min && value <= max)) {
    const range =
      option === 'radius' ? `greater than 0 and at most ${max}` : `from ${min} to ${max}`;
    throw new ConfigurationError(option, `must be a number ${range}`);
  }
}
