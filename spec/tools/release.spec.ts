import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readMarkdown } from '../../tools/markdown.mjs';
import { PACKED_DOCUMENTS, type Release, releaseFiles } from '../../tools/release.mjs';
import { ROOT } from '../support/code-blocks.js';

const REPOSITORY = 'https://code.example.com/owner/name';
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const { version } = JSON.parse(read('package.json'));

/** This repository, with a changelog that has the section of its version. */
function release(changes: Partial<Release> = {}): Release {
  return {
    tag: `v${version}`,
    repository: REPOSITORY,
    read: (path) =>
      path === 'CHANGELOG.md'
        ? `# Changelog\n\n## [${version}] - 2026-12-01\n`
        : read(path).replaceAll('not on npm yet', 'on npm'),
    isFolder: (path) => statSync(join(ROOT, path)).isDirectory(),
    ...changes,
  };
}

describe('the files of a release', () => {
  it('name the repository, which npm compares with the provenance, and no scripts', () => {
    const files = releaseFiles(release());
    expect(JSON.parse(files['package.json'] ?? '')).toMatchObject({
      name: 'passport-launchkey',
      repository: { type: 'git', url: `git+${REPOSITORY}.git` },
      homepage: `${REPOSITORY}#readme`,
      bugs: `${REPOSITORY}/issues`,
    });
    expect(JSON.parse(files['package.json'] ?? '')).not.toHaveProperty('scripts');
    expect(JSON.parse(files['engine/package.json'] ?? '').repository).toEqual({
      type: 'git',
      url: `git+${REPOSITORY}.git`,
      directory: 'engine',
    });
  });

  it('link to pages, folders and pictures of the tag, so that they resolve on npm', () => {
    const files = releaseFiles(release());
    for (const [folder, documents] of Object.entries(PACKED_DOCUMENTS)) {
      for (const document of documents) {
        const { links } = readMarkdown(files[join(folder, document)] ?? '');
        expect(links.filter(({ to }) => !/^(https:|http:\/\/(localhost|127)|#)/.test(to))).toEqual(
          [],
        );
      }
    }
    const readme = files['README.md'];
    expect(readme).toContain(`(${REPOSITORY}/raw/v${version}/docs/login.png)`);
    expect(readme).toContain(`(${REPOSITORY}/blob/v${version}/docs/guide.md#before-production)`);
    expect(readme).toContain(`(${REPOSITORY}/tree/v${version}/examples/express)`);
    const engine = files['engine/README.md'];
    expect(engine).toContain(`src="${REPOSITORY}/raw/v${version}/docs/phone.png"`);
    expect(engine).toContain(`(${REPOSITORY}/blob/v${version}/engine/DEVICE-PROTOCOL.md)`);
  });

  it('leave code blocks as they are', () => {
    const code = '```js\nconst [a](b) = [c](d);\n```\n';
    const files = releaseFiles(
      release({
        read: (path) => (path.endsWith('README.md') ? code : release().read(path)),
      }),
    );
    expect(files['README.md']).toBe(code);
  });

  it.each([
    undefined,
    '',
    'name',
    'http://code.example.com/owner/name',
    `${REPOSITORY}/more/of/it`,
  ])('are not made without the address of a repository: %s', (repository) => {
    expect(() => releaseFiles(release({ repository }))).toThrow('needs the address');
  });

  it('are not made for a tag that is not the version of both packages', () => {
    expect(() => releaseFiles(release({ tag: 'v99.0.0' }))).toThrow('no section "## [99.0.0]');
    const odd = release({
      read: (path) =>
        path === 'engine/package.json' ? '{ "version": "98.0.0" }' : release().read(path),
    });
    expect(() => releaseFiles(odd)).toThrow('engine/package.json is 98.0.0');
  });

  it.each(['README.md', 'engine/README.md'])(
    'are not made while %s says that the packages are not on npm',
    (document) => {
      const early = release({
        read: (path) => (path === document ? 'They are not on npm yet.' : release().read(path)),
      });
      expect(() => releaseFiles(early)).toThrow(`${document} says that`);
    },
  );

  it('are not made while the changelog has no section of the version', () => {
    const unreleased = release({
      read: (path) => (path === 'CHANGELOG.md' ? '## [Unreleased]\n' : release().read(path)),
    });
    expect(() => releaseFiles(unreleased)).toThrow(`no section "## [${version}] - DATE"`);
  });
});
