import { describe, expect, it } from 'vitest';
import { lookup } from '../../lib/web/field.js';

const request = (parts: { body?: unknown; query?: unknown }) => ({ headers: {}, ...parts });

describe('lookup', () => {
  it('finds a field of the body, then of the query', () => {
    const req = request({ body: { username: 'alice' }, query: { username: 'bob', other: 'x' } });
    expect(lookup(req, 'username')).toBe('alice');
    expect(lookup(req, 'other')).toBe('x');
  });

  it('finds a field inside a field', () => {
    const req = request({ body: { user: { name: { first: 'alice' } } } });
    expect(lookup(req, 'user[name][first]')).toBe('alice');
    expect(lookup(req, 'user[mail]')).toBeUndefined();
    expect(lookup(req, 'user[name][first][length]')).toBeUndefined();
  });

  it('finds nothing in a request without body and query', () => {
    expect(lookup(request({}), 'username')).toBeUndefined();
    expect(lookup(request({ body: null, query: 'text' }), 'username')).toBeUndefined();
  });

  it('does not find what every object has', () => {
    const req = request({ body: {}, query: {} });
    expect(lookup(req, 'constructor[name]')).toBeUndefined();
    expect(lookup(req, '__proto__[x]')).toBeUndefined();
  });
});
