import { startVirtual } from './demo/main.js';
import { startPhone } from './device/main.js';
import { translatePage } from './texts/index.js';

translatePage();
// Only the address asks for the virtual device, which answers on the engine's own machine alone.
const virtual = new URLSearchParams(location.search).get('user');
await (virtual === null ? startPhone() : startVirtual(virtual));
