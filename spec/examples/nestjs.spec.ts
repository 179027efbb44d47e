import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { nestExampleCases } from '../support/nest-example.js';

const read = (path: string) =>
  readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8').replaceAll('\r\n', '\n');

describe('the NestJS example, on NestJS 12', () => {
  nestExampleCases(() => ({
    folder: fileURLToPath(new URL('../../examples/nestjs', import.meta.url)),
    nodeArguments: ['--import', 'tsx'],
    app: './app.ts',
  }));

  it('has the guard that the README shows', () => {
    const source = read('examples/nestjs/auth/launchkey.guard.ts');
    const guard = source.slice(source.indexOf('/** Begins a login')).trim();
    expect(guard).toContain('class LaunchKeyGuard');
    expect(read('README.md')).toContain(guard);
  });
});
