import { describeRepositories } from '../support/repositories.js';
import { deletionContract } from './deletion-contract.js';

describeRepositories('deletion', deletionContract);
