import { Assets } from '../assets.js';
import { STYLES as PAGE_STYLES } from '../waiting/styles.js';
import { SCRIPT } from './script.js';
import { STYLES } from './styles.js';

/** The files of the pairing page. It looks like the waiting page. */
export const ASSETS = new Assets({ 'pairing.js': SCRIPT, 'pairing.css': PAGE_STYLES + STYLES });
