// Coverage for Vitest: what @vitest/coverage-v8 measures in the processes that run the tests, merged
// with what Node.js measured in the programs of spec/support/build-programs.ts.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mergeProcessCovs } from '@bcoe/v8-coverage';
import v8 from '@vitest/coverage-v8';

export default {
  ...v8,
  async getProvider() {
    const provider = await v8.getProvider();
    const generateCoverage = provider.generateCoverage.bind(provider);
    provider.generateCoverage = async (context) => {
      const map = await generateCoverage(context);
      for (const script of readScripts(join(provider.options.reportsDirectory, 'programs'))) {
        map.merge(await convert(provider, script));
      }
      map.filter((file) => provider.isIncluded(file));
      return map;
    };
    return provider;
  },
};

/** The built files that programs have run, each with the counts of all processes. */
function readScripts(folder) {
  let merged = { result: [] };
  for (const file of readdirSync(folder)) {
    const { result } = JSON.parse(readFileSync(join(folder, file), 'utf8'));
    const built = result.filter(({ url }) => /\/programs-[^/]+\/[^/]+\.mjs$/.test(url));
    merged = mergeProcessCovs([merged, { result: built }]);
  }
  return merged.result;
}

/** A map of the source files that a built file was made of. */
async function convert(provider, { url, functions }) {
  const file = fileURLToPath(url);
  const code = readFileSync(file, 'utf8');
  const map = JSON.parse(readFileSync(`${file}.map`, 'utf8'));
  const sources = await provider.getSources(url, async () => ({ code, map }));
  return await provider.remapCoverage(url, 0, sources, functions);
}
