import { describeData } from '../support/data.js';
import { coreContract } from './core-contract.js';

describeData('the core', coreContract);
