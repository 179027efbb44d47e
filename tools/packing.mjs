// Packs the two packages as they would be published.
import { execFileSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Each package's folder, by name. */
export const packages = { 'passport-launchkey': '.', 'launchkey-engine': 'engine' };

const OUTER =
  /^(init_cwd|npm_(command|lifecycle_.*|package_.*|config_(local_prefix|workspaces?|ignore_scripts)))$/i;

/**
 * Runs npm in a folder and returns what it printed. The variables that an outer npm left are
 * taken out where they would make this one act on the outer one's project.
 */
export function npm(args, cwd) {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !OUTER.test(name)));
  return execFileSync('npm', args, {
    cwd,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 * 1024 * 1024,
    shell: process.platform === 'win32',
  });
}

/**
 * Packs what is built already.
 *
 * @returns the tarball and the paths in it, by package name
 */
export function pack(destination) {
  return Object.fromEntries(
    Object.entries(packages).map(([name, folder]) => {
      const [packed] = Object.values(
        JSON.parse(
          npm(
            ['pack', '--json', '--ignore-scripts', '--pack-destination', destination],
            `${root}/${folder}`,
          ),
        ),
      );
      return [
        name,
        {
          tarball: `${destination}/${packed.filename}`,
          files: packed.files.map(({ path }) => path).sort(),
          size: packed.size,
        },
      ];
    }),
  );
}
