import { Faults } from '../../lib/observability/faults.js';
import { silent } from '../../lib/observability/logger.js';

/** Faults that are logged nowhere. */
export const noFaults = new Faults(silent, Date.now);
