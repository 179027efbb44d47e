// ES modules get the classes of the CommonJS build, so instanceof holds between the two.
import { LaunchKeyStrategy } from './index.js';

export * from './index.js';
export default LaunchKeyStrategy;
