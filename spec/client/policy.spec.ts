import { describe, expect, it } from 'vitest';
import { policy } from '../../lib/client/policy.js';
import { ConfigurationError } from '../../lib/errors.js';

describe('policy', () => {
  it('requires a number of factors', () => {
    expect(policy({ all: 2 })).toEqual({
      minimum_requirements: [
        { requirement: 'authenticated', all: 2, knowledge: 0, inherence: 0, possession: 0 },
      ],
      factors: [],
    });
  });

  it('requires named factors', () => {
    expect(policy({ knowledge: true, possession: 1 }).minimum_requirements).toEqual([
      { requirement: 'authenticated', all: 0, knowledge: 1, inherence: 0, possession: 1 },
    ]);
  });

  it('makes one factor of all locations', () => {
    const locations = [
      { radius: 50, latitude: 36.1, longitude: -115.2 },
      { radius: 1.5, latitude: -90, longitude: 180 },
    ];
    expect(policy({ locations })).toEqual({
      minimum_requirements: [],
      factors: [
        {
          factor: 'geofence',
          requirement: 'forced requirement',
          quickfail: true,
          priority: 1,
          attributes: { locations },
        },
      ],
    });
  });

  it.each<[string, unknown]>([
    ['all', { all: 1, knowledge: 1 }],
    ['all', { all: 2, possession: true }],
    ['all', { all: -1 }],
    ['all', { all: 6 }],
    ['all', { all: 1.5 }],
    ['all', { all: true }],
    ['all', { all: '2' }],
    ['knowledge', { knowledge: 6 }],
    ['inherence', { inherence: 'yes' }],
    ['possession', { possession: Number.NaN }],
    ['radius', { locations: [{ radius: 0, latitude: 0, longitude: 0 }] }],
    ['radius', { locations: [{ radius: Number.POSITIVE_INFINITY, latitude: 0, longitude: 0 }] }],
    ['latitude', { locations: [{ radius: 1, latitude: 90.1, longitude: 0 }] }],
    ['latitude', { locations: [{ radius: 1, longitude: 0 }] }],
    ['longitude', { locations: [{ radius: 1, latitude: 0, longitude: -180.1 }] }],
    ['longitude', { locations: [{ radius: 1, latitude: 0, longitude: '5' }] }],
    ['policy', {}],
    ['policy', { knowledge: 0, locations: [] }],
  ])('refuses %s: %j', (option, options) => {
    expect(() => policy(options as never)).toThrow(ConfigurationError);
    expect(() => policy(options as never)).toThrow(option);
  });
});
