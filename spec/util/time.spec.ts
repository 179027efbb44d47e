import { expect, it } from 'vitest';
import { formatTime, parseTime } from '../../lib/util/time.js';

it.each([
  ['2013-11-10 03:48:22', '2013-11-10T03:48:22.000Z'],
  ['2015-04-24T22:49:19Z', '2015-04-24T22:49:19.000Z'],
  ['2015-04-24T22:49:19.5Z', '2015-04-24T22:49:19.500Z'],
  ['2015-04-24T22:49:19.123456Z', '2015-04-24T22:49:19.123Z'],
  ['2015-04-24T22:49:19+02:00', '2015-04-24T20:49:19.000Z'],
  ['2015-04-24T22:49:19-0530', '2015-04-25T04:19:19.000Z'],
  ['2015-04-24T22:49:19', '2015-04-24T22:49:19.000Z'],
  [' 2016-02-29 00:00:00\n', '2016-02-29T00:00:00.000Z'],
])('parseTime() reads %j', (text, expected) => {
  expect(parseTime(text)?.toISOString()).toBe(expected);
});

it.each([
  '',
  'yesterday',
  '2013-11-10',
  '10.11.2013 03:48:22',
  '2013-13-10 03:48:22',
  '2013-02-30 03:48:22',
  '2013-11-10 24:00:00',
  '2013-11-10 03:60:00',
  '2013-11-10 03:48:22 and more',
  `${'0'.repeat(1000)}2013-11-10 03:48:22`,
  1384055302,
  null,
  undefined,
  {},
])('parseTime() rejects %j', (text) => {
  expect(parseTime(text)).toBeNull();
});

it('formatTime() formats as the envelope needs it', () => {
  expect(formatTime(Date.UTC(2013, 10, 10, 3, 48, 22, 999))).toBe('2013-11-10 03:48:22');
});
