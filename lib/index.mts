// ES modules get the very classes that CommonJS gets, so that instanceof holds between them.
import { LaunchKeyStrategy } from './index.js';

export * from './index.js';
export default LaunchKeyStrategy;
