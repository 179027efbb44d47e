import { describeRepositories } from '../support/repositories.js';
import { coreContract } from './core-contract.js';

describeRepositories('the core', coreContract);
