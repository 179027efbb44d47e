import { Assets } from '../assets.js';
import { SCRIPT } from './script.js';
import { STYLES } from './styles.js';

/** The files of the waiting page. */
export const ASSETS = new Assets({ 'waiting.js': SCRIPT, 'waiting.css': STYLES });
