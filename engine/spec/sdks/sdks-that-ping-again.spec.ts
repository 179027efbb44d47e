import { GoProcess } from './go-process.js';
import { JavaProcess } from './java-process.js';
import { describeLives } from './lives.js';
import { Php0Process } from './php-0-process.js';
import { Php1Process } from './php-1-process.js';
import { Ruby1Process } from './ruby-1-process.js';

const SECOND_MS = 1000;
const HOUR_MS = 3600 * SECOND_MS;

// PHP 1.x and Java stamp by the clock of their machine; the others by that of the engine.
describeLives({
  'PHP 0.x': { make: (host) => new Php0Process(host), skew: 3 * HOUR_MS, events: true },
  'PHP 1.x': { make: (host) => new Php1Process(host), skew: -40 * SECOND_MS, events: true },
  'Java 2.2': { make: (host) => new JavaProcess(host), skew: 40 * SECOND_MS, events: true },
  'Ruby 1.x': { make: (host) => new Ruby1Process(host), skew: -3 * HOUR_MS, events: true },
  Go: { make: (host) => new GoProcess(host), skew: 24 * HOUR_MS, events: true },
});
