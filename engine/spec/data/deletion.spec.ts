import { describeData } from '../support/data.js';
import { deletionContract } from './deletion-contract.js';

describeData('deletion', deletionContract);
