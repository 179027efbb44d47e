import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Application } from './support/application.js';
import { share } from './support/engine.js';
import { http } from './support/http.js';

/** Sends bytes exactly as an SDK puts them on the wire, and returns what comes back. */
function raw(application: Application, head: string[], body = ''): Promise<string> {
  const { hostname, port, host } = new URL(application.url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let received = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk) => {
      received += chunk;
    });
    socket.on('error', reject);
    socket.on('end', () => resolve(received));
    socket.write(`${[...head, `Host: ${host}`, 'Connection: close'].join('\r\n')}\r\n\r\n${body}`);
  });
}

const AUTH_REQUEST = /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\n\{"auth_request":"[a-z0-9]{32}"\}$/;

describe('POST /auths as it is sent by', () => {
  it('Python: everything in the query, True and False, an empty body', async () => {
    const { engine, application, user } = await share();
    const query = new URLSearchParams({
      ...(await application.envelope()),
      username: user,
      session: 'False',
      user_push_id: 'True',
    });
    const reply = await raw(application, [
      `POST /v1/auths?${query} HTTP/1.1`,
      'Content-Length: 0',
      'Accept: */*',
      'User-Agent: python-requests/2.2.1',
    ]);
    expect(reply).toMatch(AUTH_REQUEST);
    expect(await engine.requests(user)).toMatchObject([{ session: false }]);
  });

  it('PHP, Java, Ruby and Go: a form, with 1 and 0', async () => {
    const { engine, application, user } = await share();
    const body = `${new URLSearchParams({
      ...(await application.envelope()),
      username: user,
      session: '0',
      user_push_id: '1',
    })}`;
    const reply = await raw(
      application,
      [
        'POST /v1/auths HTTP/1.1',
        'Content-Type: application/x-www-form-urlencoded; charset=utf-8',
        `Content-Length: ${body.length}`,
      ],
      body,
    );
    expect(reply).toMatch(AUTH_REQUEST);
    expect(await engine.requests(user)).toMatchObject([{ session: false }]);
  });

  it('the C client: multipart, with a trailing slash', async () => {
    const { engine, application, user } = await share();
    const boundary = '------------------------d74496d66958873e';
    const parts = Object.entries({
      ...(await application.envelope()),
      username: user,
      session: 'true',
    }).map(
      ([name, value]) =>
        `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
    );
    const body = `${parts.join('')}--${boundary}--\r\n`;
    const reply = await raw(
      application,
      [
        'POST /v1/auths/ HTTP/1.1',
        `Content-Type: multipart/form-data; boundary=${boundary}`,
        `Content-Length: ${body.length}`,
      ],
      body,
    );
    expect(reply).toMatch(AUTH_REQUEST);
    expect(await engine.requests(user)).toMatchObject([{ session: true }]);
  });

  it('a client that sends the form type with an empty body and all in the query', async () => {
    const { application, user } = await share();
    const query = new URLSearchParams({ ...(await application.envelope()), username: user });
    const reply = await raw(application, [
      `POST /v1/auths?${query} HTTP/1.1`,
      'Content-Type: application/x-www-form-urlencoded',
      'Content-Length: 0',
    ]);
    expect(reply).toMatch(AUTH_REQUEST);
  });

  it('PHP 0.x: an empty session for false, where a missing one is true', async () => {
    const { engine, application, user } = await share();
    await application.authorize(user, { session: '', user_push_id: '' });
    await application.authorize(user);
    expect(await engine.requests(user)).toMatchObject([{ session: false }, { session: true }]);
  });

  it('a client that does not encode the plus signs of its query', async () => {
    const { application, user } = await share();
    let envelope = await application.envelope();
    while (!/\+/.test(envelope.signature ?? '')) envelope = await application.envelope();
    const query = Object.entries({ ...envelope, username: user })
      .map(([name, value]) => `${name}=${value}`)
      .join('&');
    const reply = await raw(application, [`POST /v1/auths?${query} HTTP/1.1`, 'Content-Length: 0']);
    expect(reply).toMatch(AUTH_REQUEST);
  });
});

describe('GET /poll as it is sent by', () => {
  it('PHP: POST /poll?METHOD=GET with a form', async () => {
    const { application, user } = await share();
    const auth_request = await application.authorize(user);
    const body = `${new URLSearchParams({ ...(await application.envelope()), auth_request })}`;
    const reply = await raw(
      application,
      [
        'POST /v1/poll?METHOD=GET HTTP/1.1',
        'Content-Type: application/x-www-form-urlencoded',
        `Content-Length: ${body.length}`,
      ],
      body,
    );
    expect(reply).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(reply).toContain('"message_code":70403');
  });

  it('everybody else: the query, with or without a trailing slash', async () => {
    const { application, user } = await share();
    const auth_request = await application.authorize(user);
    const query = new URLSearchParams({ ...(await application.envelope()), auth_request });
    for (const path of ['/v1/poll', '/v1/poll/']) {
      const reply = await raw(application, [`GET ${path}?${query} HTTP/1.1`]);
      expect(reply).toContain('"message_code":70403');
    }
  });

  it('a POST without METHOD=GET is incorrect data', async () => {
    const { application, user } = await share();
    const auth_request = await application.authorize(user);
    const parameters = { ...(await application.envelope()), auth_request };
    const { body } = await application.form('POST', '/poll', parameters);
    expect(body.message_code).toBe(70401);
  });
});

describe('PUT /logs as it is sent by', () => {
  it.each([
    ['Python: in the query of a PUT with an empty body', 'query', 'True'],
    ['PHP: in a form, True', 'form', 'True'],
    ['Java and Ruby: in a form, true', 'form', 'true'],
    ['others: in a form, 1', 'form', '1'],
  ])('%s', async (_name, place, status) => {
    const { engine, application, user } = await share();
    const auth_request = await application.authorize(user);
    await engine.answer(auth_request, true);
    const parameters = `${new URLSearchParams({
      ...(await application.envelope()),
      auth_request,
      action: 'Authenticate',
      status,
    })}`;
    const inQuery = place === 'query';
    const reply = await raw(
      application,
      [
        `PUT /v1/logs${inQuery ? `?${parameters}` : ''} HTTP/1.1`,
        ...(inQuery ? [] : ['Content-Type: application/x-www-form-urlencoded']),
        `Content-Length: ${inQuery ? 0 : parameters.length}`,
      ],
      inQuery ? '' : parameters,
    );
    expect(reply).toMatch(/\r\n\r\n\{"message":"Successfully updated"\}$/);
    expect(await engine.sessions(user)).toMatchObject([{ confirmed: true }]);
  });
});

describe('text that is not ASCII', () => {
  const CONTEXT = 'Überweisung für Müller';

  /** Percent-encodes by bytes, which `URLSearchParams` does in UTF-8 alone. */
  function encode(parameters: Record<string, string>, encoding: BufferEncoding): string {
    const percent = (text: string) =>
      [...Buffer.from(text, encoding)]
        .map((byte) => `%${byte.toString(16).padStart(2, '0')}`)
        .join('');
    return Object.entries(parameters)
      .map(([name, value]) => `${name}=${percent(value)}`)
      .join('&');
  }

  async function umlauts() {
    const { engine, application } = await share();
    const user = `müller-${crypto.randomUUID()}`;
    await engine.createUser(user);
    const parameters = { ...(await application.envelope()), username: user, context: CONTEXT };
    const shown = async () => (await engine.requests(user)).map(({ context }) => context);
    return { engine, application, user, parameters, shown };
  }

  it.each([
    ['UTF-8', 'utf8'],
    ['ISO-8859-1, as by Java', 'latin1'],
  ] as const)('is read from a form in %s', async (_name, encoding) => {
    const { application, parameters, shown } = await umlauts();
    const body = encode(parameters, encoding);
    const head = [
      'POST /v1/auths HTTP/1.1',
      'Content-Type: application/x-www-form-urlencoded; charset=ISO-8859-1',
      `Content-Length: ${body.length}`,
    ];
    expect(await raw(application, head, body)).toMatch(AUTH_REQUEST);
    expect(await shown()).toEqual([CONTEXT]);
  });

  it.each(['utf8', 'latin1'] as const)('is read from a query in %s', async (encoding) => {
    const { application, parameters, shown } = await umlauts();
    const line = `POST /v1/auths?${encode(parameters, encoding)} HTTP/1.1`;
    expect(await raw(application, [line, 'Content-Length: 0'])).toMatch(AUTH_REQUEST);
    expect(await shown()).toEqual([CONTEXT]);
  });

  it.each(['utf8', 'latin1'] as const)('is read from multipart in %s', async (encoding) => {
    const { application, parameters, shown } = await umlauts();
    const parts = Object.entries(parameters).map(
      ([name, value]) =>
        `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
    );
    const body = Buffer.from(`${parts.join('')}--x--\r\n`, encoding);
    const headers = { 'content-type': 'multipart/form-data; boundary=x' };
    const reply = await http(`${application.url}/auths`, { method: 'POST', headers, body });
    expect(reply.status).toBe(200);
    expect(await shown()).toEqual([CONTEXT]);
  });

  it.each(['utf8', 'latin1'] as const)('is read from JSON in %s', async (encoding) => {
    const { application, parameters, shown } = await umlauts();
    const body = Buffer.from(JSON.stringify(parameters), encoding);
    const headers = { 'content-type': 'application/json' };
    const reply = await http(`${application.url}/auths`, { method: 'POST', headers, body });
    expect(reply.status).toBe(200);
    expect(await shown()).toEqual([CONTEXT]);
  });

  it('is read in the one encoding of its form, also where a value would be valid in both', async () => {
    const { application, parameters, shown } = await umlauts();
    const body = encode({ ...parameters, context: 'Ã¼' }, 'latin1');
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const reply = await http(`${application.url}/auths`, { method: 'POST', headers, body });
    expect(reply.status).toBe(200);
    expect(await shown()).toEqual(['Ã¼']);
  });

  it.each(['utf8', 'latin1'] as const)(
    'names a white label user that Java has made by JSON in UTF-8, in a form of %s',
    async (encoding) => {
      const { engine, application } = await share();
      const identifier = `müller-${crypto.randomUUID()}`;
      const made = await application.createWhiteLabelUser(identifier);
      const { code } = JSON.parse(application.decryptWhiteLabel(made.body.response).text);
      await engine.pair(code);
      const parameters = { ...(await application.envelope()), username: identifier };
      const body = encode(parameters, encoding);
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      const reply = await http(`${application.url}/auths`, { method: 'POST', headers, body });
      expect(reply.text).toMatch(/^\{"auth_request":"[a-z0-9]{32}"\}$/);
    },
  );

  it.each(['utf8', 'latin1'] as const)(
    'names a white label user that is made by JSON in %s, signed over exactly these bytes',
    async (encoding) => {
      const { engine, application } = await share();
      const identifier = `müller-${crypto.randomUUID()}`;
      const { app_key, secret_key } = await application.envelope();
      const body = Buffer.from(JSON.stringify({ app_key, secret_key, identifier }), encoding);
      const query = new URLSearchParams({ signature: application.sign(body) });
      const reply = await http(`${application.url}/users?${query}`, { method: 'POST', body });
      expect(reply.body.message_code).toBe(10220);
      const names = (await engine.users()).map(({ username }) => username);
      expect(names).toContain(`${identifier}@${app_key}`);
    },
  );
});

describe('a parameter that is repeated', () => {
  /** As often as fits into the largest form. */
  const TIMES = 7500;
  const form = { 'content-type': 'application/x-www-form-urlencoded' };

  it('thousands of times is incorrect data, in a form as in JSON', async () => {
    const { application, user } = await share();
    const auth_request = await application.authorize(user);
    const parameters = { ...(await application.envelope()), auth_request };
    const body = `${new URLSearchParams(parameters)}${'&METHOD='.repeat(TIMES)}`;
    const poll = `${application.url}/poll`;
    const repeated = await http(poll, { method: 'POST', headers: form, body });
    expect([repeated.status, repeated.body.message_code]).toEqual([400, 70401]);
    const nested = `{"METHOD":${'['.repeat(TIMES)}${']'.repeat(TIMES)}}`;
    const json = `${JSON.stringify(parameters).slice(0, -1)},${nested.slice(1)}`;
    const headers = { 'content-type': 'application/json' };
    const deep = await http(poll, { method: 'POST', headers, body: json });
    expect([deep.status, deep.body.message_code]).toEqual([400, 70401]);
  });

  it.each(['username', 'session', 'context', 'policy', 'number_match', 'auth_request'])(
    'is incorrect data: %s',
    async (name) => {
      const { application, user } = await share();
      const parameters = { ...(await application.envelope()), username: user };
      const body = `${new URLSearchParams(parameters)}${`&${name}=1`.repeat(2000)}`;
      const reply = await http(`${application.url}/auths`, { method: 'POST', headers: form, body });
      expect([reply.status, reply.body.message_code]).toEqual([400, 40421]);
    },
  );

  it('leaves no later parameter unread', async () => {
    const { application, user } = await share();
    const parameters = { ...(await application.envelope()), username: user };
    const body = `${'x=&'.repeat(2000)}${new URLSearchParams(parameters)}`;
    const reply = await http(`${application.url}/auths`, { method: 'POST', headers: form, body });
    expect(reply.status).toBe(200);
  });
});

describe('unreadable input', () => {
  it.each([
    ['a body beyond 64 KiB', 'application/x-www-form-urlencoded', 'x'.repeat(70_000)],
    ['JSON that is none', 'application/json', '{"app_key"'],
    ['multipart without an end', 'multipart/form-data; boundary=x', '--x\r\nContent-Disposition'],
    [
      'multipart with a file',
      'multipart/form-data; boundary=x',
      '--x\r\nContent-Disposition: form-data; name="a"; filename="b"\r\nContent-Type: text/plain\r\n\r\nhello\r\n--x--\r\n',
    ],
    [
      'multipart beyond 64 KiB',
      'multipart/form-data; boundary=x',
      `${'x'.repeat(70_000)}\r\n--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--\r\n`,
    ],
    [
      'multipart with a field that would change what fields are',
      'multipart/form-data; boundary=x',
      '--x\r\nContent-Disposition: form-data; name="__proto__"\r\n\r\nb\r\n--x--\r\n',
    ],
    [
      'a form that would do so',
      'application/x-www-form-urlencoded',
      '__proto__=a&constructor=b&toString=c',
    ],
    ['JSON that would do so', 'application/json', '{"__proto__":{"app_key":"1234567890"}}'],
    ['JSON that is an array', 'application/json', '["app_key"]'],
    ['a type that is none', 'nonsense', 'a=b'],
    ['a type that no SDK sends', 'text/xml', '<a/>'],
  ])('%s is a 400 with 40421', async (_name, type, body) => {
    const { application } = await share();
    const reply = await raw(
      application,
      ['POST /v1/auths HTTP/1.1', `Content-Type: ${type}`, `Content-Length: ${body.length}`],
      body,
    );
    expect(reply).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(reply).toContain('"message_code":40421');
    expect(reply).toContain('"response":""');
  });

  it('a body of 64 KiB and one byte is not read, whatever it holds', async () => {
    const { application } = await share();
    const body = `username=${'x'.repeat(65_536 - 8)}`;
    const head = ['POST /v1/auths HTTP/1.1', 'Content-Type: application/x-www-form-urlencoded'];
    const send = (text: string) =>
      raw(application, [...head, `Content-Length: ${text.length}`], text);
    expect(await send(body.slice(1))).toContain('{"app_key":"It is missing."}');
    expect(await send(body)).toContain('"The request could not be read."');
  });

  it('multipart that does not say how long it is, is a 400 with 40421', async () => {
    const { application } = await share();
    const reply = await raw(
      application,
      [
        'POST /v1/auths HTTP/1.1',
        'Content-Type: multipart/form-data; boundary=x',
        'Transfer-Encoding: chunked',
      ],
      '5\r\n--x--\r\n0\r\n\r\n',
    );
    expect(reply).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(reply).toContain('"message":"The request could not be read.","message_code":40421');
  });

  it.each([
    ['a URL beyond what a header may hold', `GET /v1/poll?secret_key=${'x'.repeat(20_000)}`, []],
    ['a URL that is not encoded as one', 'GET /v1/%zz?secret_key=x', []],
    ['a method that HTTP does not know', 'LAUNCH /v1/auths', []],
    [
      'a length beside chunks',
      'POST /v1/auths',
      ['Content-Length: 3', 'Transfer-Encoding: chunked'],
    ],
  ])('%s is a 400 that repeats nothing of it', async (_name, line, headers) => {
    const { application } = await share();
    const reply = await raw(application, [`${line} HTTP/1.1`, ...headers]);
    expect(reply).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(JSON.parse(reply.split('\r\n\r\n')[1] ?? '')).toEqual({
      successful: false,
      status_code: 400,
      message: 'The request could not be read.',
      response: '',
    });
  });

  it('an unknown call or method is a 400 with a JSON body', async () => {
    const { application } = await share();
    for (const line of [
      'GET /v1/nothing',
      'DELETE /v1/auths',
      'GET /v1/auths',
      'OPTIONS /v1/auths',
      'POST /v1/ping',
    ]) {
      const reply = await raw(application, [`${line} HTTP/1.1`]);
      expect(reply).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
      expect(reply).toContain('"successful":false');
    }
  });
});
