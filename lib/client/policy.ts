import { ConfigurationError } from '../errors.js';

/** The options of {@link policy}: what a user must prove for an approval. */
export interface PolicyOptions {
  /**
   * The number of factors of any kind, from 1 to 5. It cannot be combined with a named factor. None by
   * default.
   */
  all?: number | undefined;
  /** Something that the user knows: `true` for one factor, or a number from 0 to 5. Defaults to `0`. */
  knowledge?: number | boolean | undefined;
  /** Something that the user is: `true` for one factor, or a number from 0 to 5. Defaults to `0`. */
  inherence?: number | boolean | undefined;
  /** Something that the user has: `true` for one factor, or a number from 0 to 5. Defaults to `0`. */
  possession?: number | boolean | undefined;
  /** Circles on the earth. The user's device must be in one of them. None by default. */
  locations?: readonly PolicyLocation[] | undefined;
}

/** A circle on the earth. */
export interface PolicyLocation {
  /** In metres, more than 0. */
  radius: number;
  /** In degrees, from -90 to 90. */
  latitude: number;
  /** In degrees, from -180 to 180. */
  longitude: number;
}

/** A policy in the form that the engine reads, as made by {@link policy}. */
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

const MAX_FACTORS = 5;
/** The circumference of the earth. */
const MAX_RADIUS_METRES = 40_100_000;

/**
 * Makes a policy for `authorize()`: the factors that the user must prove, and where the device must
 * be.
 *
 * @throws ConfigurationError that names the option which is out of range, or excluded by another one.
 *
 * @example
 * ```ts
 * import { policy } from 'passport-launchkey';
 *
 * export const twoFactors = policy({ all: 2 });
 * export const pinInTheOffice = policy({
 *   knowledge: true,
 *   locations: [{ radius: 200, latitude: 47.3769, longitude: 8.5417 }],
 * });
 * ```
 */
export function policy(options: PolicyOptions): Policy {
  const all = count('all', options.all ?? 0);
  const knowledge = count('knowledge', options.knowledge ?? 0);
  const inherence = count('inherence', options.inherence ?? 0);
  const possession = count('possession', options.possession ?? 0);
  const named = knowledge + inherence + possession;
  if (all > 0 && named > 0) {
    throw new ConfigurationError(
      'all',
      'cannot be combined with knowledge, inherence or possession. Remove one of them.',
    );
  }
  const locations = (options.locations ?? []).map(checkLocation);
  if (all + named === 0 && locations.length === 0) {
    throw new ConfigurationError('policy', 'requires nothing. Name a factor or a location.');
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
  if (!isNumber || !Number.isInteger(number) || number < 0 || number > MAX_FACTORS) {
    throw new ConfigurationError(option, `is not a whole number from 0 to ${MAX_FACTORS}.`);
  }
  return number;
}

function checkLocation({ radius, latitude, longitude }: PolicyLocation): PolicyLocation {
  inRange('radius', radius, Number.MIN_VALUE, MAX_RADIUS_METRES);
  inRange('latitude', latitude, -90, 90);
  inRange('longitude', longitude, -180, 180);
  return { radius, latitude, longitude };
}

function inRange(option: string, value: unknown, min: number, max: number): void {
  if (typeof value !== 'number' || !(value >= min && value <= max)) {
    const range =
      option === 'radius' ? `above 0 and up to ${max} (metres)` : `from ${min} to ${max} (degrees)`;
    throw new ConfigurationError(option, `is not a number ${range}.`);
  }
}
