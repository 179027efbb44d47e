import { expect, it, onTestFinished } from 'vitest';
import { startEngine } from '../lib/index.js';
import { temporary } from './support/data.js';

it('finds nothing that fails with an engine on loopback', async () => {
  const engine = await startEngine();
  onTestFinished(async () => await engine.close());
  const findings = await engine.doctor();
  expect(findings.map(({ check }) => check)).toEqual([
    'data',
    'public URL',
    'proxies',
    'open files',
    'clock',
    'events',
    'devices',
  ]);
  expect(findings.filter(({ result }) => result === 'fail')).toEqual([]);
});

it('says what to do about a public URL that does not answer, and about untrusted proxies', async () => {
  const engine = await startEngine({
    publicUrl: 'https://127.0.0.1:1',
    data: `${await temporary()}/engine.db`,
  });
  onTestFinished(async () => await engine.close());
  await engine.createUser('alice');
  const findings = await engine.doctor();
  const of = (name: string) => findings.find(({ check }) => check === name);
  expect(of('data')?.result).toBe('ok');
  expect(of('public URL')).toMatchObject({
    result: 'fail',
    message: '127.0.0.1 cannot be reached (ECONNREFUSED)',
    advice: expect.stringContaining('publicUrl'),
  });
  expect(of('proxies')).toMatchObject({ result: 'warn' });
  for (const { result, advice } of findings) expect(advice === undefined).toBe(result === 'ok');
});
