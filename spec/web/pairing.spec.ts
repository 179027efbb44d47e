import express from 'express';
import type { PairingOptions } from 'passport-launchkey';
import { describe, expect, it, vi } from 'vitest';
import { Device } from '../../engine/spec/support/device.js';
import { serve } from '../support/app.js';
import { EngineProxy } from '../support/proxy.js';
import { recordingStrategy, startWorld } from '../support/world.js';

const PAGE = '/account/phones';

/** An application whose user is named by a header. */
async function start(options: Partial<PairingOptions> = {}) {
  const world = await startWorld();
  const proxy = await new EngineProxy(world.engine.url).start();
  const { strategy } = recordingStrategy(world, { apiBaseUrl: `${proxy.url}/v1` });
  const app = express();
  app.use(PAGE, strategy.pairing({ identifier: (req) => req.headers['x-user'], ...options }));
  const url = (await serve(app)) + PAGE;
  const send = (user: string, init: RequestInit = {}) =>
    fetch(url, { redirect: 'manual', ...init, headers: { 'x-user': user, ...init.headers } });
  return {
    engine: world.engine,
    strategy,
    proxy,
    url,
    get: send,
    html: async (user: string, headers = {}) => (await send(user, { headers })).text(),
    post: (user: string, form: Record<string, string>, headers = {}) =>
      send(user, { method: 'POST', body: new URLSearchParams(form), headers }),
    devices: async (user: string) => {
      const response = await send(user, { headers: { accept: 'application/json' } });
      const { devices } = (await response.json()) as { devices: ShownDevice[] };
      return devices;
    },
  };
}

interface ShownDevice {
  id: string;
  name: string;
  pairedAt: string;
}

/** The code that a page shows, without the hyphen. */
const codeIn = (html: string) => /class="code">([A-Z0-9]{5}-[A-Z0-9]{5})</.exec(html)?.[1] ?? '';

/** Pairs a phone by the code of the page. */
async function pair(app: Awaited<ReturnType<typeof start>>, user: string): Promise<Device> {
  const page = await app.post(user, { action: 'pair' });
  return await Device.paired(app.engine.url, codeIn(await page.text()));
}

describe('the pairing page', () => {
  it('pairs the first phone by the code, the link and the QR code that it shows', async () => {
    const app = await start();
    const html = await app.html('user-17');
    expect(html).toContain('Pair your phone');
    expect(html).toContain(`<strong>${app.engine.url}/authenticator</strong>`);
    expect(html).toMatch(new RegExp(`<img class="qr" src="${app.engine.url}/pairing/\\w{32}.png"`));
    const [, secret = ''] = /authenticator#pair=([\w-]{43})"/.exec(html) ?? [];
    const phone = await Device.paired(app.engine.url, secret);
    expect(await app.devices('user-17')).toEqual([
      { id: phone.id, name: 'Phone', pairedAt: expect.stringMatching(/^\d{4}-.*Z$/) },
    ]);
    expect(phone.username).toMatch(/^user-17@/);
  });

  it('shows the phones of a user who has some, and a new code on request', async () => {
    const app = await start();
    const phone = await pair(app, 'user-1');
    const html = await app.html('user-1');
    expect(html).toContain('Your phones');
    expect(codeIn(html)).toBe('');
    const other = await pair(app, 'user-1');
    expect((await app.devices('user-1')).map(({ id }) => id)).toEqual([phone.id, other.id]);
  });

  it('renames and unpairs a phone, and returns to the list', async () => {
    const app = await start();
    const { id } = await pair(app, 'user-1');
    const renamed = await app.post('user-1', {
      action: 'rename',
      device: id,
      name: 'Work <phone>',
    });
    expect([renamed.status, renamed.headers.get('location')]).toEqual([303, '?']);
    expect(await app.html('user-1')).toContain('Work &lt;phone&gt;');
    expect((await app.post('user-1', { action: 'unpair', device: id })).status).toBe(303);
    expect(await app.devices('user-1')).toEqual([]);
  });

  it('changes no phone of another user, and says that the change was refused', async () => {
    const app = await start();
    const { id } = await pair(app, 'user-1');
    await pair(app, 'user-2');
    const changes: Record<string, string>[] = [
      { action: 'unpair', device: id },
      { action: 'rename', device: id, name: 'Mine' },
    ];
    for (const form of changes) {
      const response = await app.post('user-2', form);
      expect(response.status).toBe(400);
      expect(await response.text()).toContain('The change was refused.');
    }
    expect(await app.devices('user-1')).toMatchObject([{ id, name: 'Phone' }]);
  });

  it.each([{ 'sec-fetch-site': 'cross-site' }, { origin: 'https://evil.example.com' }])(
    'refuses a form of another site (%j)',
    async (headers) => {
      const app = await start();
      const { id } = await pair(app, 'user-1');
      expect((await app.post('user-1', { action: 'unpair', device: id }, headers)).status).toBe(
        403,
      );
      expect(await app.devices('user-1')).toHaveLength(1);
    },
  );

  it('makes no code for a picture or frame, which would replace the one in use', async () => {
    const app = await start();
    const code = codeIn(await app.html('user-1'));
    for (const destination of ['image', 'iframe']) {
      expect(codeIn(await app.html('user-1', { 'sec-fetch-dest': destination }))).toBe('');
    }
    await Device.paired(app.engine.url, code);
    expect(await app.devices('user-1')).toHaveLength(1);
  });

  it.each([undefined, null, '', 7])(
    'responds with 401 if the request has no user (%j)',
    async (id) => {
      const app = await start({ identifier: () => id as string });
      expect((await app.get('x')).status).toBe(401);
      expect((await app.post('x', { action: 'pair' })).status).toBe(401);
      expect(app.proxy.calls).toEqual([]);
    },
  );

  it('tells users of an iPhone to install the app before they type the code', async () => {
    const app = await start();
    const html = await app.html('user-1', {
      'user-agent': 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1',
    });
    expect(html).toContain('Add to Home Screen');
    // A pairing in a Safari tab would not be there in the installed app.
    expect(html).not.toContain('#pair=');
    expect(html).not.toContain('<img');
    expect(codeIn(html)).not.toBe('');
  });

  it('allows pictures of the engine only, and no inline code', async () => {
    const app = await start({ stylesheet: 'https://cdn.example.com/brand.css' });
    const policy = (await app.get('user-1')).headers.get('content-security-policy') ?? '';
    expect(policy.split('; ')).toEqual([
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self' https://cdn.example.com",
      "connect-src 'self'",
      "form-action 'self'",
      `img-src 'self' ${app.engine.url} data:`,
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ]);
  });

  it('adds the fields of the application to each form, and shows its texts', async () => {
    const app = await start({
      fields: () => ({ _csrf: '"token"' }),
      texts: (req) => ({ phonesTitle: `Telefone von ${req.headers['x-user']}` }),
    });
    await pair(app, 'user-1');
    const html = await app.html('user-1');
    expect(html).toContain('<h1 tabindex="-1">Telefone von user-1</h1>');
    const forms = html.split('<form ').slice(1);
    expect(forms).toHaveLength(3);
    for (const form of forms) expect(form).toContain('name="_csrf" value="&quot;token&quot;"');
  });

  it('is not served to other methods, and serves its script and styles', async () => {
    const app = await start();
    expect((await app.get('user-1', { method: 'DELETE' })).status).toBe(405);
    expect((await app.get('user-1', { method: 'HEAD' })).status).toBe(200);
    const html = await app.html('user-1');
    const paths = [...html.matchAll(/(?:src|href)="(\?asset=[^"]+)"/g)].map(([, path]) => path);
    expect(paths).toHaveLength(2);
    for (const path of paths) {
      const response = await fetch(app.url + path?.replaceAll('&amp;', '&'));
      expect(response.headers.get('cache-control')).toContain('immutable');
    }
  });

  it('passes the error of an engine that is away to the application', async () => {
    const app = await start();
    await app.engine.close();
    expect((await app.get('user-1')).status).toBe(503);
  });

  it('passes no error to a host whose other code has responded', async () => {
    const world = await startWorld();
    const { strategy } = recordingStrategy(world);
    await world.engine.close();
    const next = vi.fn();
    const asked = new Promise<void>((resolve) => {
      const identifier = async () => {
        setImmediate(resolve);
        throw new Error('The database is away.');
      };
      const pairing = strategy.pairing({ identifier });
      const app = express();
      app.use((req, res) => {
        res.status(503).end();
        pairing(req, res, next);
      });
      void serve(app).then((url) => fetch(url));
    });
    await asked;
    expect(next).not.toHaveBeenCalled();
  });

  it.each([
    [{ identifier: 'id' }, 'identifier'],
    [{ continueUrl: 'javascript:alert(1)' }, 'continueUrl'],
    [{ stylesheet: '//cdn' }, 'stylesheet'],
    [{ texts: { nothing: 'x' } }, 'texts'],
    [{ fields: {} }, 'fields'],
  ])('throws for the unusable option %j', async (options, name) => {
    const { strategy } = await start();
    const make = () => strategy.pairing({ identifier: () => 'x', ...options } as PairingOptions);
    expect(make).toThrow(expect.objectContaining({ name: 'ConfigurationError', option: name }));
  });
});
