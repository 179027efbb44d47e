import { LaunchKeyStrategy, type LaunchKeyStrategyOptionsWithoutRequest } from 'passport-launchkey';
import { describe, expect, it } from 'vitest';
import { loginApp, serve } from './support/app.js';
import { TestBrowser } from './support/browser.js';
import { serveWaiting } from './support/waiting-app.js';
import { nextRequest, recordingStrategy, startWorld } from './support/world.js';

type Options = Partial<LaunchKeyStrategyOptionsWithoutRequest>;
type Headers = Record<string, string>;

const REFUSED: [string, Headers][] = [
  ['Sec-Fetch-Site: cross-site', { 'sec-fetch-site': 'cross-site' }],
  ['Sec-Fetch-Site: same-site', { 'sec-fetch-site': 'same-site' }],
  ['another Origin', { origin: 'https://evil.example' }],
  ['Origin: null', { origin: 'null' }],
  [
    'another Origin beside the own X-Forwarded-Host',
    { origin: 'https://evil.example', 'x-forwarded-host': 'app.example.com' },
  ],
];

/** Begins a login, and resolves to the code of the refusal, or to `'begun'`. */
async function begin(options: Options, headers: (url: string) => Headers): Promise<string> {
  const world = await startWorld();
  const { strategy } = recordingStrategy(world, options);
  const url = await serve(loginApp(strategy));
  const response = fetch(`${url}/login`, {
    method: 'POST',
    body: new URLSearchParams({ username: 'alice' }),
    headers: headers(url),
  });
  const asked = nextRequest(world.engine).then(async (authRequest) => {
    await world.engine.answer(authRequest, true);
    return 'begun';
  });
  const refused = response.then(async (seen) => {
    const { info, status } = (await seen.json()) as { info?: { code: string }; status?: number };
    return info?.code ? `${status} ${info.code}` : asked;
  });
  const outcome = await Promise.race([asked, refused]);
  await response;
  asked.catch(() => {});
  return outcome;
}

describe('the start of a login', () => {
  it.each(REFUSED)('fails without a push if another site sends it: %s', async (_what, headers) => {
    expect(await begin({}, () => headers)).toBe('403 cross_site');
  });

  it.each<[string, (url: string) => Headers]>([
    ['of this site, by Sec-Fetch-Site', () => ({ 'sec-fetch-site': 'same-origin' })],
    ['that the user typed into the address bar', () => ({ 'sec-fetch-site': 'none' })],
    ['of this site, by Origin', (url) => ({ origin: url })],
    ['of a program, without both headers', () => ({})],
    [
      'of this site, through a proxy that changes Host',
      () => ({ origin: 'http://app.lan', 'x-forwarded-host': 'app.lan' }),
    ],
  ])('is accepted from a request %s', async (_what, headers) => {
    expect(await begin({}, headers)).toBe('begun');
  });

  it('is accepted from the origins of the option and from no other', async () => {
    const crossSite = { origins: ['https://www.example.com', 'http://app.lan'] };
    const from = (headers: Headers) => begin({ crossSite }, () => headers);
    expect(await from({ 'sec-fetch-site': 'cross-site', origin: 'https://www.example.com' })).toBe(
      'begun',
    );
    expect(await from({ origin: 'http://app.lan' })).toBe('begun');
    expect(await from({ 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' })).toBe(
      '403 cross_site',
    );
    expect(await from({ 'sec-fetch-site': 'cross-site' })).toBe('403 cross_site');
  });

  it("is accepted from everywhere with 'allow'", async () => {
    expect(await begin({ crossSite: 'allow' }, () => ({ 'sec-fetch-site': 'cross-site' }))).toBe(
      'begun',
    );
  });
});

describe.each(['redirect', 'accept'] as const)("a login with pending: '%s'", (pending) => {
  it.each(REFUSED)('is not finished by another site: %s', async (_what, headers) => {
    const world = await startWorld();
    const { strategy, verified } = recordingStrategy(world, { pending, waitUrl: '/login/wait' });
    const { url } = await serveWaiting(strategy);
    const browser = new TestBrowser(url);
    await browser.post('/login', { username: 'alice' });
    await world.engine.answer(await nextRequest(world.engine), true);
    await browser.post('/login', {}, headers);
    expect(verified).toEqual([]);
    await browser.post('/login');
    expect(verified).toHaveLength(1);
  });
});

describe('Cancel on the waiting page', () => {
  it('is accepted behind a proxy that changes Host, from its origin', async () => {
    for (const [options, headers] of [
      [{}, { origin: 'http://app.lan', 'x-forwarded-host': 'app.lan' }],
      [{ crossSite: { origins: ['http://app.lan'] } }, { origin: 'http://app.lan' }],
    ] as [Options, Headers][]) {
      const world = await startWorld();
      const { strategy } = recordingStrategy(world, {
        pending: 'redirect',
        waitUrl: '/login/wait',
        ...options,
      });
      const browser = new TestBrowser((await serveWaiting(strategy)).url);
      const page = (await browser.leadsTo('/login', { username: 'alice' })) ?? '';
      expect((await browser.post(page, { action: 'cancel' }, headers)).status).toBe(303);
      expect(await browser.status(page, 0)).toMatchObject({ state: 'denied' });
    }
  });
});

describe('the option crossSite', () => {
  it.each([
    'maybe',
    null,
    {},
    { origins: 'https://www.example.com' },
    { origins: ['https://www.example.com/'] },
    { origins: ['www.example.com'] },
    { origins: [undefined] },
    { origins: ['null'] },
  ])('refuses %j', async (crossSite) => {
    const world = await startWorld();
    expect(
      () =>
        new LaunchKeyStrategy(
          { ...world.options, crossSite: crossSite as never },
          async () => false as const,
        ),
    ).toThrow('crossSite');
  });
});
