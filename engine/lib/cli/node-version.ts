/** The oldest version that works, as in package.json. */
const MIN_MAJOR = 20;
const MIN_MINOR = 19;

/** Returns why this version of Node.js cannot run the engine, or `undefined`. It imports nothing. */
export function refuseNodeVersion(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > MIN_MAJOR || (major === MIN_MAJOR && minor >= MIN_MINOR)) return undefined;
  return `Node.js ${version} is too old. Version ${MIN_MAJOR}.${MIN_MINOR} or later is required: install it from https://nodejs.org.`;
}
