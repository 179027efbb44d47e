import { Agent as HttpAgent } from 'node:http';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { LaunchKeyClient, type LaunchKeyClientOptions } from '../../lib/client/client.js';
import { ConfigurationError } from '../../lib/errors.js';
import { makePair } from '../support/keys.js';

const { privateKey, publicKey } = makePair();
const options: LaunchKeyClientOptions = {
  apiBaseUrl: 'https://engine.example.com/v1',
  appKey: 1234567890,
  secretKey: 'secret',
  privateKey,
};

describe('new LaunchKeyClient', () => {
  it.each([
    'https://engine.example.com/v1',
    'https://engine.example.com/v1/',
    'https://engine.example.com:8443/path/v1//',
    'HTTPS://ENGINE.example.com',
    'http://localhost/v1',
    'http://engine.localhost/v1',
    'http://127.0.0.1:3000/v1',
    'http://127.1/v1',
    'http://[::1]:3000/v1',
  ])('takes apiBaseUrl %s', (apiBaseUrl) => {
    const client = new LaunchKeyClient({ ...options, apiBaseUrl });
    expect(client.apiBaseUrl.endsWith('/')).toBe(false);
  });

  it.each([
    ['engine.example.com/v1', /not an absolute/],
    ['/v1', /absolute/],
    ['ftp://engine.example.com/v1', /absolute/],
    [42, /absolute/],
    [undefined, /is missing/],
    ['', /is missing/],
    ['http://engine.example.com/v1', /must be https/],
    ['http://localhost.example.com/v1', /must be https/],
    ['http://127.0.0.1.example.com/v1', /must be https/],
    ['http://10.0.0.1/v1', /must be https/],
    ['http://[::2]/v1', /must be https/],
    ['https://name:password@engine.example.com/v1', /user name or password/],
    ['https://engine.example.com/v1?key=1', /query or fragment/],
    ['https://engine.example.com/v1#v1', /query or fragment/],
  ])('refuses apiBaseUrl %s', (apiBaseUrl, reason) => {
    const error = refused({ apiBaseUrl: apiBaseUrl as string });
    expect(error).toMatchObject({ option: 'apiBaseUrl', code: 'LAUNCHKEY_CONFIGURATION' });
    expect(error.message).toMatch(reason);
    expect(error.message).not.toContain('password@');
  });

  it('takes plain http elsewhere only with allowInsecure: true', () => {
    const apiBaseUrl = 'http://engine.example.com/v1';
    expect(new LaunchKeyClient({ ...options, apiBaseUrl, allowInsecure: true })).toBeDefined();
    expect(refused({ apiBaseUrl, allowInsecure: 'yes' as never }).option).toBe('apiBaseUrl');
  });

  it.each<[string, Partial<Record<keyof LaunchKeyClientOptions, unknown>>, RegExp]>([
    ['appKey', { appKey: undefined }, /is missing/],
    ['appKey', { appKey: 123 }, /10 digits/],
    ['appKey', { appKey: '12345678901' }, /10 digits/],
    ['appKey', { appKey: '123456789x' }, /10 digits/],
    ['appKey', { appKey: 1234567890.5 }, /10 digits/],
    ['secretKey', { secretKey: undefined }, /is missing/],
    ['secretKey', { secretKey: '' }, /is missing/],
    ['secretKey', { secretKey: Buffer.from('secret') }, /must be a string/],
    ['secretKey', { secretKey: 'x'.repeat(170) }, /1 bytes too long/],
    ['secretKey', { secretKey: 'ß'.repeat(85) }, /1 bytes too long/],
    ['secretKey', { secretKey: 'secret\n' }, /white space/],
    ['secretKey', { secretKey: ' secret' }, /white space/],
    ['secretKey', { secretKey: '"secret"' }, /in quotes/],
    ['secretKey', { secretKey: "'secret'" }, /in quotes/],
    ['privateKey', { privateKey: undefined }, /is missing/],
    ['privateKey', { privateKey: publicKey }, /is a public key/],
    ['requestTimeout', { requestTimeout: 0 }, /whole number/],
    ['requestTimeout', { requestTimeout: '10' }, /whole number/],
    ['requestTimeout', { requestTimeout: Number.NaN }, /whole number/],
    ['maxConnections', { maxConnections: 0 }, /whole number/],
    ['maxConnections', { maxConnections: 1.5 }, /whole number/],
    ['ca', { ca: 'no certificate' }, /PEM/],
    ['agent', { agent: {} }, /http.Agent or https.Agent/],
    ['agent', { agent: null }, /http.Agent or https.Agent/],
    ['agent', { agent: 'http://proxy.example.com' }, /http.Agent or https.Agent/],
    ['agent', { agent: new HttpAgent() }, /connects by http:/],
  ])('refuses %s: %j', (option, wrong, reason) => {
    const error = refused(wrong as Partial<LaunchKeyClientOptions>);
    expect(error.option).toBe(option);
    expect(error.message).toMatch(reason);
    expect(error.message.startsWith(option)).toBe(true);
    expect(error.message).toMatch(/\.$/);
  });

  it('takes the longest secret key that fits into an envelope', () => {
    expect(new LaunchKeyClient({ ...options, secretKey: 'x'.repeat(169) })).toBeDefined();
  });

  it('takes appKey as a string, leading zeros included', () => {
    expect(new LaunchKeyClient({ ...options, appKey: '0123456789' }).appKey).toBe('0123456789');
  });

  it('refuses missing options', () => {
    expect(() => new LaunchKeyClient(undefined as never)).toThrow(ConfigurationError);
    expect(() => new LaunchKeyClient(null as never)).toThrow(ConfigurationError);
  });

  it('prints nothing secret', () => {
    const secretKey = 'the-secret-key';
    const client = new LaunchKeyClient({ ...options, secretKey });
    for (const text of [
      inspect(client, { depth: 9, showHidden: true }),
      inspect(client, { depth: 9, showHidden: true, customInspect: false }),
      JSON.stringify(client),
      String(client),
    ]) {
      expect(text).not.toContain(secretKey);
      expect(text).not.toContain('PRIVATE');
    }
  });
});

function refused(wrong: Partial<LaunchKeyClientOptions>): ConfigurationError {
  try {
    new LaunchKeyClient({ ...options, ...wrong });
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return error as ConfigurationError;
  }
  throw new Error('The options were taken');
}
