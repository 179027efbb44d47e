import { expect, it } from 'vitest';
import { share } from './support/engine.js';

const COMPOSED = 'Jos\u00e9';
const DECOMPOSED = 'Jose\u0301';

it('finds a user by a name with white space at its ends, and with composed or decomposed letters', async () => {
  const { engine, application } = await share();
  await engine.createUser(COMPOSED);
  for (const username of [`${COMPOSED} `, `\t${COMPOSED}\n`, DECOMPOSED, ` ${DECOMPOSED} `]) {
    await application.authorize(username);
  }
  expect(await engine.requests(`${DECOMPOSED} `)).toHaveLength(4);
});

it('creates a user under the normal form of a name, and refuses another spelling of it', async () => {
  const { engine } = await share();
  expect(await engine.createUser(' Andre\u0301 ')).toMatchObject({ username: 'Andr\u00e9' });
  for (const name of ['Andr\u00e9', 'Andre\u0301', ' Andr\u00e9']) {
    await expect(engine.createUser(name)).rejects.toMatchObject({ code: 'ENGINE_USER_EXISTS' });
  }
  await expect(engine.createUser(' \n')).rejects.toMatchObject({ code: 'ENGINE_INVALID_OPTION' });
});

it.each([
  ['case', 'Claire', 'CLAIRE'],
  ['a letter of two capitals', 'Strau\u00df', 'STRAUSS'],
  ['a compatibility form', 'Felix', 'Fe\uff4cix'],
  ['a blank of another kind', 'Ann Lee', 'Ann\u00a0Lee'],
])(
  'refuses a new user whose name differs by %s only from an existing one',
  async (_by, first, second) => {
    const { engine, application } = await share();
    await engine.createUser(first);
    await expect(engine.createUser(second)).rejects.toMatchObject({
      code: 'ENGINE_USER_EXISTS',
      message: expect.stringContaining('in case or in the form of its letters only'),
    });
    expect((await application.auths({ username: second })).body.message_code).toBe(40426);
    await engine.deleteUser(first);
    await engine.createUser(second);
  },
);

it.each([
  ['a zero-width space', 'al\u200bice'],
  ['a change of direction', 'al\u202eice'],
  ['a soft hyphen', 'al\u00adice'],
  ['a control character', 'al\u0007ice'],
])('refuses a new user whose name has %s, in both directories', async (_what, name) => {
  const { engine, application } = await share();
  await expect(engine.createUser(name)).rejects.toMatchObject({ code: 'ENGINE_INVALID_OPTION' });
  const { status, body } = await application.createWhiteLabelUser(name);
  expect([status, Object.keys(body.message)]).toEqual([400, ['identifier']]);
});

it('takes identifiers of white label users as they are, in upper and in lower case', async () => {
  const { engine, application } = await share();
  const before = (await engine.users()).length;
  for (const identifier of ['aB3', 'Ab3']) {
    expect((await application.createWhiteLabelUser(identifier)).status).toBe(200);
  }
  expect(await engine.users()).toHaveLength(before + 2);
});

it('takes two spellings of a white label identifier for one user', async () => {
  const { engine, application } = await share();
  const before = (await engine.users()).length;
  for (const identifier of ['Zoe\u0308 ', 'Zo\u00eb']) {
    expect((await application.createWhiteLabelUser(identifier)).status).toBe(200);
  }
  expect(await engine.users()).toHaveLength(before + 1);
});
