import { describeData } from '../support/data.js';
import { withdrawalsContract } from './withdrawals-contract.js';

describeData('the withdrawal of requests', withdrawalsContract);
