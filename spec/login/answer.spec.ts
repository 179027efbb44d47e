import { describe, expect, it } from 'vitest';
import { digestOf } from '../../lib/login/answer.js';

describe('digestOf', () => {
  it.each(['ab\ncd', 'ab\r\ncd\n', ' abcd', 'ab\\cd'])(
    'returns one digest for a package with any line breaks: %j',
    (broken) => {
      expect(digestOf(broken)).toBe(digestOf('abcd'));
      expect(digestOf(broken)).not.toBe(digestOf('abce'));
    },
  );
});
