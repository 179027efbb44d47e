#!/usr/bin/env node
import { refuseNodeVersion } from './node-version.js';

const refusal = refuseNodeVersion(process.versions.node);
if (refusal === undefined) {
  // Loaded now: an old Node.js fails at the imports of the program, with an error that says nothing.
  const { run } = await import('./program.js');
  process.exitCode = await run(process.argv.slice(2));
} else {
  process.stderr.write(`launchkey-engine: ${refusal}\n`);
  process.exitCode = 1;
}
