import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { isExecutable } from '../../spec/support/executable.js';
import { describeWith } from '../../spec/support/programs.js';
import { startEngine } from '../lib/index.js';

const DEPLOY = new URL('../deploy/', import.meta.url).pathname;
const read = (path: string) => readFileSync(join(DEPLOY, path), 'utf8');

/** The program where it is installed. */
function find(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

const promtool = find('promtool');
describeWith(
  { name: 'promtool', found: promtool !== undefined, missing: 'promtool is not on the PATH' },
  'the alert rules',
  () => {
    it('are valid and fire as their tests say', () => {
      const run = (...args: string[]) =>
        execFileSync(promtool ?? '', args, { cwd: join(DEPLOY, 'prometheus'), encoding: 'utf8' });
      expect(run('check', 'config', 'prometheus.yml')).toContain('SUCCESS');
      expect(run('test', 'rules', 'alerts.test.yml')).toContain('SUCCESS');
    });
  },
);

it('names only metrics that a running engine has, in alerts and dashboard', async () => {
  const engine = await startEngine();
  onTestFinished(async () => await engine.close());
  const shown = await (await fetch(`${engine.url}/metrics`)).text();
  const known = new Set([...shown.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name));
  const texts = [read('prometheus/alerts.yml'), read('grafana/launchkey-engine.json')];
  const used = texts.flatMap((text) =>
    [...text.matchAll(/\b(?:launchkey|nodejs|process)_[a-z0-9_]+/g)].map(([name]) =>
      name.replace(/_bucket$/, ''),
    ),
  );
  expect(new Set(used).size).toBeGreaterThan(15);
  expect(used.filter((name) => !known.has(name))).toEqual([]);
});

it('tests every alert', () => {
  const names = [...read('prometheus/alerts.yml').matchAll(/alert: (\w+)/g)].map(
    ([, name]) => name,
  );
  const tested = read('prometheus/alerts.test.yml');
  expect(names.filter((name) => !tested.includes(`alertname: ${name}\n`))).toEqual([]);
});

it('installs in the image what the lock file says, and runs it without privileges', () => {
  const text = read('Containerfile');
  expect(text).not.toMatch(/npm (install|i) /);
  expect(text.match(/npm ci --ignore-scripts/g)).toHaveLength(2);
  expect(text).toMatch(/^USER node$/m);
  expect(read('compose.yaml')).toContain('read_only: true');
});

it('passes on neither the virtual device nor the metrics in any proxy example', () => {
  for (const file of readdirSync(join(DEPLOY, 'proxy'))) {
    const text = read(`proxy/${file}`);
    expect(text, file).toContain('/authenticator/virtual');
    expect(text, file).not.toContain('/metrics');
    expect(text, file).toMatch(/v1.*pairing.*authenticator/);
  }
});

const analyze = find('systemd-analyze');
it.runIf(analyze)('has a systemd unit with an exposure of at most 2.0', () => {
  const unit = join(DEPLOY, 'launchkey-engine.service');
  const shown = execFileSync(analyze ?? '', ['security', '--offline=true', unit], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  const [, exposure] = /exposure level for .*: ([\d.]+)/.exec(shown) ?? [];
  expect(Number(exposure)).toBeLessThanOrEqual(2);
});
