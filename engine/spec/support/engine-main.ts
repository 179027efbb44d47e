import { type EngineOptions, startEngine } from '../../lib/index.js';

/** An engine as a process of its own: its options come as JSON, its URL goes to the parent. */
const options = JSON.parse(process.argv[2] ?? '{}') as EngineOptions;
const engine = await startEngine(options);
process.send?.(engine.url);
