import { CProcess } from './c-process.js';
import { describeLives } from './lives.js';
import { PythonProcess } from './python-process.js';
import { Ruby0Process } from './ruby-0-process.js';

// Their stamps run ahead without bound, and they keep the ping key for ever.
describeLives({
  'Python 1.0.3': { make: (host) => new PythonProcess('1.0.3', host), keepsKey: true },
  'Python 1.3.0': {
    make: (host) => new PythonProcess('1.3.0', host),
    keepsKey: true,
    events: true,
  },
  'Ruby 0.1': { make: (host) => new Ruby0Process(host), keepsKey: true, events: true },
  C: { make: (host) => new CProcess(host), keepsKey: true },
});
