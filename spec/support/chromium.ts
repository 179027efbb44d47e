import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { isExecutable } from './executable.js';
import { describeWith } from './programs.js';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Where the installers of macOS and Windows put it, which is not on the PATH. */
const INSTALLED = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  ...[process.env.PROGRAMFILES, process.env['PROGRAMFILES(X86)'], process.env.LOCALAPPDATA].flatMap(
    (folder) =>
      folder
        ? [
            join(folder, 'Google', 'Chrome', 'Application', 'chrome.exe'),
            join(folder, 'Chromium', 'Application', 'chrome.exe'),
          ]
        : [],
  ),
];

const MISSING = 'Chromium is not installed: put it on the PATH or name it in CHROMIUM_PATH';

let found: string | null | undefined;

/** The Chromium or Chrome of this machine, or `null`. `CHROMIUM_PATH` comes before any other. */
export function chromiumPath(): string | null {
  if (found === undefined) {
    const named = process.env.CHROMIUM_PATH;
    if (named && !isExecutable(named)) {
      throw new Error(`CHROMIUM_PATH names no executable file: ${named}`);
    }
    found = named || candidates().find(isExecutable) || null;
  }
  return found;
}

/** Starts it without a window, and without its own calls to the outside. The caller closes it. */
export function launchChromium(): Promise<Browser> {
  const executablePath = chromiumPath();
  if (!executablePath) throw new Error(MISSING);
  return chromium.launch({
    executablePath,
    args: [
      '--headless=new',
      // Its sandbox refuses to run as root, as in most containers.
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** `describe` for tests that need Chromium; see {@link describeWith}. */
export function describeWithChromium(name: string, tests: () => void): void {
  const found = chromiumPath() !== null;
  describeWith({ name: 'Chromium', found, missing: MISSING }, name, tests);
}

function candidates(): string[] {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return [...NAMES.flatMap((name) => folders.map((folder) => join(folder, name))), ...INSTALLED];
}
