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

  it('has the guard that docs/hosts.md shows', () => {
    const source = read('examples/nestjs/auth/launchkey.guard.ts').replace(/^ *\/\*\*.*\n/gm, '');
    const guard = source.slice(source.indexOf('@Injectable()')).trim();
    expect(guard).toContain('class LaunchKeyGuard');
    expect(read('docs/hosts.md')).toContain(guard);
  });
});
