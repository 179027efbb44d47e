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

it('takes two spellings of a white label identifier for one user', async () => {
  const { engine, application } = await share();
  const before = (await engine.users()).length;
  for (const identifier of ['Zoe\u0308 ', 'Zo\u00eb']) {
    expect((await application.createWhiteLabelUser(identifier)).status).toBe(200);
  }
  expect(await engine.users()).toHaveLength(before + 1);
});
