// Reads the Markdown files of this repository: their headings, links and code blocks.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import GithubSlugger from 'github-slugger';
import MarkdownIt from 'markdown-it';
import { root } from './packing.mjs';

/** Where the generated API reference lies. */
export const API_REFERENCE = 'docs/api';

const parser = new MarkdownIt({ html: true });

/** All Markdown files that git keeps, or would keep, as paths from the root. */
export function markdownFiles() {
  const listed = execFileSync(
    'git',
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', '*.md'],
    { cwd: root, encoding: 'utf8' },
  );
  return [...new Set(listed.split('\0'))]
    .filter((file) => file !== '' && existsSync(`${root}/${file}`))
    .sort();
}

/** Reads one file of the repository; see `readMarkdown` in markdown.d.mts. */
export function readDocument(file) {
  return readMarkdown(readFileSync(`${root}/${file}`, 'utf8'));
}

export function readMarkdown(text) {
  const document = { anchors: new Set(), links: [], blocks: [] };
  const slugger = new GithubSlugger();
  const tokens = parser.parse(text, {});
  for (const [index, token] of tokens.entries()) {
    const line = (token.map?.[0] ?? 0) + 1;
    if (token.type === 'fence') {
      const [language = ''] = token.info.trim().split(/\s+/);
      document.blocks.push({ language, code: token.content, line: line + 1 });
    }
    if (token.type === 'code_block') {
      document.blocks.push({ language: 'indented', code: token.content, line });
    }
    if (token.type === 'html_block') readHtml(token.content, line, document);
    if (token.type !== 'inline') continue;
    for (const child of token.children) {
      if (child.type === 'link_open') document.links.push({ to: child.attrGet('href'), line });
      if (child.type === 'image') document.links.push({ to: child.attrGet('src'), line });
      if (child.type === 'html_inline') readHtml(child.content, line, document);
    }
    if (tokens[index - 1]?.type === 'heading_open') {
      document.anchors.add(slugger.slug(headingText(token)));
    }
  }
  return document;
}

function readHtml(html, line, { anchors, links }) {
  for (const [, to] of html.matchAll(/\s(?:href|src|srcset)="([^"\s]+)/g)) links.push({ to, line });
  for (const [, id] of html.matchAll(/\s(?:id|name)="([^"]+)"/g)) anchors.add(id);
}

/** What GitHub makes the anchor of: the text without the marks around it. */
function headingText({ children }) {
  return children
    .filter(({ type }) => type === 'text' || type === 'code_inline')
    .map(({ content }) => content)
    .join('');
}

/**
 * What is wrong with the links of a file: targets and anchors that do not exist, and addresses that
 * no reader can open. Addresses of other sites are checked by their form alone.
 *
 * @param file - the path of the file from the root.
 * @param read - reads the file that a path names, or returns `undefined` where there is none.
 */
export function linkFaults(file, read) {
  const faults = [];
  for (const { to, line } of read(file).links) {
    const fault = linkFault(file, decodeURI(to), read);
    if (fault) faults.push(`${file}:${line}: ${to} ${fault}`);
  }
  return faults;
}

function linkFault(file, to, read) {
  if (/^[a-z][a-z0-9+.-]*:/i.test(to)) return addressFault(to);
  if (to.startsWith('/')) return 'begins with a slash: name the file from here';
  const [path, anchor] = to.split('#');
  const target = path === '' ? file : posix.normalize(posix.join(posix.dirname(file), path));
  if (target.startsWith('..')) return 'leads out of the repository';
  const document = read(target);
  if (!document) return 'names no file of the repository';
  if (anchor === undefined || document.anchors.has(anchor)) return undefined;
  return `names no heading of ${target}`;
}

const LOOPBACK = ['localhost', '127.0.0.1'];

function addressFault(to) {
  if (!URL.canParse(to)) return 'is no address';
  const { protocol, hostname, username } = new URL(to);
  if (username !== '') return 'has credentials in it';
  if (protocol === 'http:' && LOOPBACK.includes(hostname)) return undefined;
  if (protocol !== 'https:') return 'is not https';
  return hostname.includes('.') ? undefined : 'names no public host';
}
