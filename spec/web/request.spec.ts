import { describe, expect, it } from 'vitest';
import { readField } from '../../lib/web/request.js';

const request = (parts: { body?: unknown; query?: unknown }) => ({ headers: {}, ...parts });

describe('readField', () => {
  it('finds a field of the body, then of the query', () => {
    const req = request({ body: { username: 'alice' }, query: { username: 'bob', other: 'x' } });
    expect(readField(req, 'username')).toBe('alice');
    expect(readField(req, 'other')).toBe('x');
  });

  it('finds a field inside a field', () => {
    const req = request({ body: { user: { name: { first: 'alice' } } } });
    expect(readField(req, 'user[name][first]')).toBe('alice');
    expect(readField(req, 'user[mail]')).toBeUndefined();
    expect(readField(req, 'user[name][first][length]')).toBeUndefined();
  });

  it('finds nothing in a request without body and query', () => {
    expect(readField(request({}), 'username')).toBeUndefined();
    expect(readField(request({ body: null, query: 'text' }), 'username')).toBeUndefined();
  });

  it('does not find inherited properties', () => {
    const req = request({ body: {}, query: {} });
    expect(readField(req, 'constructor[name]')).toBeUndefined();
    expect(readField(req, '__proto__[x]')).toBeUndefined();
  });
});
