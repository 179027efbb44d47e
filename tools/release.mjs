// What a release changes in the files that are packed, and in no commit: the address of the
// repository, and the links of the documents.
import { posix } from 'node:path';

/** The documents of each package that are packed, by its folder. */
export const PACKED_DOCUMENTS = {
  '.': ['README.md', 'CHANGELOG.md', 'SECURITY.md'],
  engine: ['README.md'],
};

/**
 * The changed files of a release, by path; see `releaseFiles` in release.d.mts.
 */
export function releaseFiles({ tag, repository, read, isFolder }) {
  const address = checkedRepository(repository);
  checkChangelog(read('CHANGELOG.md'), tag);
  const changed = {};
  for (const [folder, documents] of Object.entries(PACKED_DOCUMENTS)) {
    const path = posix.join(folder, 'package.json');
    const manifest = JSON.parse(read(path));
    if (`v${manifest.version}` !== tag) {
      throw new Error(`The tag is ${tag}, but the version in ${path} is ${manifest.version}.`);
    }
    changed[path] = `${JSON.stringify(releasedManifest(manifest, address, folder), null, 2)}\n`;
    for (const document of documents) {
      const file = posix.join(folder, document);
      checkOnNpm(file, read(file));
      const addressOf = (to) => addressInRepository(file, to, { address, tag, isFolder });
      changed[file] = withAddresses(read(file), addressOf);
    }
  }
  return changed;
}

function checkedRepository(repository) {
  const fits = /^https:\/\/[a-z0-9.-]+\/[\w.-]+\/[\w.-]+$/i.test(repository ?? '');
  if (fits) return repository.replace(/\.git$/, '');
  throw new Error(
    `A release needs the address of its repository, such as https://HOST/OWNER/NAME, not "${repository ?? ''}".`,
  );
}

function checkChangelog(text, tag) {
  const version = tag.replace(/^v/, '');
  if (text.includes(`\n## [${version}] - `)) return;
  throw new Error(`CHANGELOG.md has no section "## [${version}] - DATE".`);
}

/** Before the first release the documents say how to install from a clone. */
function checkOnNpm(file, text) {
  if (!text.includes('not on npm yet')) return;
  throw new Error(
    `${file} says that the packages are not on npm yet: write how they are installed.`,
  );
}

/**
 * npm compares `repository` with the workflow that asks for provenance. The scripts are for this
 * repository alone, and npm warns of `prepare` at an installation.
 */
function releasedManifest({ scripts, ...manifest }, address, folder) {
  const directory = folder === '.' ? {} : { directory: folder };
  return {
    ...manifest,
    repository: { type: 'git', url: `git+${address}.git`, ...directory },
    homepage: `${address}#readme`,
    bugs: `${address}/issues`,
  };
}

/** Where a reader of the packed document finds what it links to, at the released state. */
function addressInRepository(file, to, { address, tag, isFolder }) {
  if (to.startsWith('#') || /^[a-z][a-z0-9+.-]*:/i.test(to)) return to;
  const [path = '', anchor] = to.split('#');
  const target = posix.normalize(posix.join(posix.dirname(file), path));
  const kind = /\.(png|svg|jpe?g|gif)$/i.test(target) ? 'raw' : isFolder(target) ? 'tree' : 'blob';
  return `${address}/${kind}/${tag}/${target}${anchor === undefined ? '' : `#${anchor}`}`;
}

/** The text with the target of each link and picture replaced, outside of code blocks. */
function withAddresses(text, addressOf) {
  let inCode = false;
  return text
    .split('\n')
    .map((line) => {
      if (/^\s*```/.test(line)) inCode = !inCode;
      if (inCode) return line;
      return line
        .replaceAll(/\]\(([^()\s]+)\)/g, (_link, to) => `](${addressOf(to)})`)
        .replaceAll(/(\s(?:src|href)=")([^"]+)/g, (_link, name, to) => name + addressOf(to));
    })
    .join('\n');
}
